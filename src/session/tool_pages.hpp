// Tool pages: one walk over the pages of tools/list, following nextCursor. The only implementation
// of this walk. The stack does not grow with the number of pages, even if answers come inside the
// call that asks for them, as they do from the list cache.
//
// A cursor that the walk has followed before would repeat pages without end, so it ends the list. A
// walk beyond its limit of pages or bytes fails. Loop thread only.
#pragma once

#include <cstddef>
#include <functional>
#include <limits>
#include <string>
#include <vector>

#include "jsonrpc/message.hpp"
#include "mux/core/call.hpp"

namespace sidecar::session {

inline constexpr std::size_t kMaxPages = 1000;

struct ToolPages {
  enum class End {
    kAll,         // the last page was read
    kEnough,      // `page` returned false
    kRepeats,     // the server repeated a cursor; all pages up to there were read
    kNeverEnds,   // more than `most_pages`
    kTooLarge,    // more than `most_bytes`
    kUnreadable,  // a page has no array of tools
    kFailed,      // the MCP server did not answer with a result
  };
  struct Outcome {
    End end;
    mux::Answer answer{};   // kFailed: the answer that is not a page
    std::string problem{};  // kUnreadable, kNeverEnds, kTooLarge: human-readable
    bool ended_well() const {
      return end == End::kAll || end == End::kEnough || end == End::kRepeats;
    }
  };

  // Sends tools/list with these params. The answer may come at once, from inside the call.
  std::function<void(const std::string& params, mux::Reply::Deliver)> fetch;
  // Takes one page: its text, and the places of its tools. False: no further page is wanted.
  std::function<bool(const std::string& text, const std::vector<jsonrpc::Span>& tools)> page;
  // Called once, unless `fetch` drops its `Deliver`.
  std::function<void(Outcome)> done;
  std::size_t most_pages = kMaxPages;
  std::size_t most_bytes = std::numeric_limits<std::size_t>::max();  // of the tools of all pages
};

// Starts the walk. The pending `Deliver` keeps the walk alive.
void walk(ToolPages pages);

}  // namespace sidecar::session
