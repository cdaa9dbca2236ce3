// tools/call, by name (all take "arguments"; any other name gets the error -32602):
//
//   echo                    result.structuredContent: the bytes of `arguments`, unchanged
//   received                result.content[0].text: the line of this call, unchanged
//   raw {line}              writes `line` with {id} replaced by the call's id, instead of an answer
//   big {bytes}             a text result of that size
//   never                   no answer; its cancellation is counted
//   later {key}             is answered by a `release` with the same key
//   release {key}
//   progress {steps}        that many notifications/progress with the call's token, then the answer
//   cancelled               result.structuredContent: {"count":N,"ids":[…]} of the
//                           notifications/cancelled so far
//   notifications           result.structuredContent: {"methods":[…]} of all notifications so far
//   twice                   answers twice
//   unknown_id              answers a foreign id first
//   junk                    writes a line that is not JSON first
//   split                   writes the answer byte by byte
//   merge {count}           writes `count` log messages and the answer in one write
//   crash                   aborts
//   cut                     writes half an answer, then exits with code 3
//   exit {code}
//   die {signal}            kills itself
//   stderr {lines, bytes}   that many lines of that size on stderr, then the answer
//   flood {bytes}           that many bytes without LF on stdout, then LF, then the answer
//   list_changed            the notification, then the answer
//   log {level, text}       the notification, unless it is below the level set; then the answer
//   update {uri, bytes}     notifications/resources/updated with that much padding if the URI is
//                           subscribed to; then the answer
//   state                   result.structuredContent: {"level":…,"subscribed":[…],"pings":…}
//   pid                     a text result: the process id
//   turn                    a text result: the number of tools/call received
//   wait_for {fifo}         opens the FIFO for reading, which blocks until it is opened for
//                           writing; reads no stdin meanwhile; then the answer
//   fatal_once {file, times}  adds its process id to the file; kills itself with KILL if it is the
//                           first there (or one of the first `times`), else answers "attempt N"
//   fatal_once_read_only    the same, annotated as read-only in tools/list
//   fatal_once_idempotent   the same, annotated as idempotent
//   ask {method, params}    sends that request to the client; its answer contains the client's
//   stop_reading            answers, then stops reading
//   after {count}           answers after reading `count` further messages
#pragma once

#include "message.hpp"

namespace fake {

void call_tool(const Call& call);
void list_tools(const Call& call);

}  // namespace fake
