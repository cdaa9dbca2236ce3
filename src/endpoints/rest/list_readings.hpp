// ListReadings: reads the pages of tools/list, once for all callers with the same rules.
//
// Callers that ask while their list is being read share the next reading. It begins after they
// asked, so they never get an older list from a server that does not announce changes.
//
// Limits: kMaxAtWork and kMaxBytesAtWork, for readings and for lists with documents in the making.
// Beyond them new readings wait in order, one entry per set of rules, and only the oldest reading
// requests further pages.
//
// Each reader gets an error when its own key or token is gone. If that is the reader whose calls
// fetch the pages, another reader starts a new reading.
// Owned by ToolCalls; loop thread only.
#pragma once

#include <boost/intrusive/list.hpp>
#include <chrono>
#include <cstddef>
#include <deque>
#include <functional>
#include <list>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "endpoints/rest/kept_lists.hpp"
#include "mux/core/call.hpp"
#include "observe/caller.hpp"
#include "observe/rate_limited_log.hpp"
#include "session/tool_pages.hpp"
#include "util/slices.hpp"
#include "util/timers.hpp"

namespace sidecar::endpoints {

class ListReadings {
 public:
  using CallerPtr = std::shared_ptr<const observe::Caller>;
  // Whether a version of the list is cached (mux::Reply::set_known).
  using Known = std::function<bool(std::uint64_t)>;
  // Sends a tools/list request for the caller.
  using Fetch =
      std::function<void(const CallerPtr&, const std::string& params, Known, mux::Reply::Deliver)>;

  static constexpr std::size_t kMaxAtWork = 4;
  // Of pages being read and lists with documents in the making. Beyond it: one reading at a time.
  static constexpr std::size_t kMaxBytesAtWork = 64 << 20;

  // `list_limit`: bytes of the tools of all pages of one list.
  ListReadings(Timers& timers, observe::Log& log, std::size_t list_limit, Fetch fetch);
  ~ListReadings();

  // Gets every tool of every page that the caller may see. Errors: the list does not end or is too
  // large; then callers with these rules get the same error for 30 s, without a new reading.
  void list(CallerPtr caller, Listed done);

  // Answers the readers for which `holds` is false with kKeyGone: their key or token is gone.
  void end(const std::function<bool(const auth::Principal&)>& holds);

 private:
  struct Reader : boost::intrusive::list_base_hook<
                      boost::intrusive::link_mode<boost::intrusive::auto_unlink>> {
    CallerPtr caller;
    Listed done;  // empty once it has been answered
  };
  using ReaderPtr = std::shared_ptr<Reader>;  // shared by the tables and the callbacks
  using Readers = std::vector<ReaderPtr>;
  // Readers of one set of rules that wait for the next reading.
  struct Waiting {
    Readers readers;
    bool reading = false;  // the current reading must end first
  };
  struct Reading;
  using ReadingPtr = std::shared_ptr<Reading>;  // shared by the callbacks of its calls
  // A list that is not read again before `until`.
  struct Refused {
    std::string why;
    Clock::time_point until;
  };

  bool may_begin() const;
  bool may_go_on(const Reading& reading) const;
  void begin();
  void begin(const std::string& rules);
  void read_page(const ReadingPtr& reading, const std::string& params, mux::Reply::Deliver deliver);
  void ask_page(const ReadingPtr& reading, const std::string& params, mux::Reply::Deliver deliver);
  void take_page(Reading& reading, const std::string& text,
                 const std::vector<jsonrpc::Span>& places);
  void end_reading(const ReadingPtr& reading, session::ToolPages::Outcome outcome);
  void fail(const ReadingPtr& reading, const mux::Answer& why);
  void close(const ReadingPtr& reading);
  std::string refuse_for_now(const std::string& rules, const std::string& problem);
  static void give(const Readers& readers, const tl::expected<ToolListPtr, mux::Answer>& list);

  Timers& timers_;
  observe::RateLimitedLog warnings_;
  const std::size_t list_limit_;
  const Fetch fetch_;
  Slices slices_{timers_};
  KeptLists kept_;
  boost::intrusive::list<Reader, boost::intrusive::constant_time_size<false>> readers_;
  std::map<std::string, Waiting> waiting_;  // by rules
  std::deque<std::string> queue_;           // rules whose list is to be read; no duplicates
  std::list<ReadingPtr> readings_;          // the oldest first
  std::size_t gathered_ = 0;                // bytes of the pages of `readings_`
  std::map<std::string, Refused> refused_;  // by rules
  bool beginning_ = false;
  Timer wake_;
};

}  // namespace sidecar::endpoints
