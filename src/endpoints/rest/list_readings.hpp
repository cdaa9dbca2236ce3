// ListReadings: gathers the pages of tools/list, for all callers that are held to the same rules at
// once. Who asks while their list is being read shares the next reading, which begins after they
// asked: so a server that does not say when its list changes is believed only what it says from
// then on. What is at work (readings, and lists whose documents are being made) is bounded in
// number and bytes; beyond that readings wait in order, one entry for each set of rules, and pages
// are asked for by the oldest reading alone. Each reader ends by its own key's validity: when the
// key of the one whose calls read the pages goes, another one reads them. Owned by ToolCalls; loop
// thread only.
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
  // Whether a version of the list is here already (mux::Reply::set_known).
  using Known = std::function<bool(std::uint64_t)>;
  // Sends a tools/list of the caller.
  using Fetch =
      std::function<void(const CallerPtr&, const std::string& params, Known, mux::Reply::Deliver)>;

  static constexpr std::size_t kMaxAtWork = 4;
  // of the pages and lists that are at work; beyond: one at a time
  static constexpr std::size_t kMaxBytesAtWork = 64 << 20;

  // `list_limit`: bytes that the tools of all pages may have.
  ListReadings(Timers& timers, observe::Log& log, std::size_t list_limit, Fetch fetch);
  ~ListReadings();

  // Every tool of every page that the caller may see. A list that does not end, or is too large, is
  // an error, and is not asked for again for some seconds by callers with these rules.
  void list(CallerPtr caller, Listed done);

  // Answers the readers for whom `holds` is false: their key or token is gone.
  void end(const std::function<bool(const observe::Caller&)>& holds);

 private:
  struct Reader : boost::intrusive::list_base_hook<
                      boost::intrusive::link_mode<boost::intrusive::auto_unlink>> {
    CallerPtr caller;
    Listed done;  // empty once it has been answered
  };
  using ReaderPtr = std::shared_ptr<Reader>;  // shared by the index and those who answer it
  using Readers = std::vector<ReaderPtr>;
  // Of one set of rules.
  struct Waiting {
    Readers readers;
    bool reading = false;  // they wait for its end
  };
  struct Reading;
  using ReadingPtr = std::shared_ptr<Reading>;  // shared by what its calls answer to
  // Why a list is not asked for, until then.
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
  std::deque<std::string> queue_;           // rules whose list is to be read, none twice
  std::list<ReadingPtr> readings_;          // the oldest first
  std::size_t gathered_ = 0;                // bytes of their pages
  std::map<std::string, Refused> refused_;  // by rules
  bool beginning_ = false;
  Timer wake_;
};

}  // namespace sidecar::endpoints
