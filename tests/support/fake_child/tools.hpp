// tools/call, by name (all take "arguments"; any other name gets the error -32602):
//
//   echo                    result.structuredContent: the very bytes of `arguments`
//   received                result.content[0].text: the very line that carried this call
//   raw {line}              writes `line` with {id} replaced by the call's id, instead of an answer
//   big {bytes}             a text result of that size
//   never                   no answer; a cancelled one is counted
//   later {key}             is answered when `release` with the same key comes
//   release {key}
//   progress {steps}        that many notifications/progress with the call's token, then the answer
//   cancelled               result.structuredContent: {"count":N,"ids":[…]} of notifications/cancelled so far
//   notifications           result.structuredContent: {"methods":[…]} of all notifications so far
//   twice                   answers twice
//   unknown_id              answers a foreign id first
//   junk                    writes a line that is no JSON first
//   split                   writes the answer byte by byte
//   merge {count}           the answer behind `count` log messages in one write
//   crash                   aborts
//   cut                     writes half an answer, then exits with code 3
//   exit {code}
//   die {signal}            kills itself
//   stderr {lines, bytes}   that many lines of that size on stderr, then the answer
//   flood {bytes}           that many bytes without LF on stdout, then LF, then the answer
//   list_changed            the notification, then the answer
//   log {level, text}       the notification, unless it is below the level that was set; then the answer
//   update {uri, bytes}     notifications/resources/updated, with so much padding, if that is subscribed to;
//                           then the answer
//   state                   result.structuredContent: {"level":…,"subscribed":[…],"pings":…} so far
//   pid                     a text result: the process's number
//   turn                    a text result: how many tools/call it has been given
//   wait_for {fifo}         opens that FIFO for reading, so it waits until somebody opens it for writing;
//                           reads nothing meanwhile; then the answer
//   fatal_once {file, times}  adds its process's number to that file; dies of KILL if it was the first there
//                           (or one of the first `times`), else answers "attempt N"
//   fatal_once_read_only    the same; annotated in tools/list as what its name says
//   fatal_once_idempotent   likewise
//   ask {method, params}    sends that request to the client; the answer holds the client's answer
//   stop_reading            answers, then reads no more
//   after {count}           answers after reading `count` further messages
#pragma once

#include "message.hpp"

namespace fake {

void call_tool(const Call& call);
void list_tools(const Call& call);

}  // namespace fake
