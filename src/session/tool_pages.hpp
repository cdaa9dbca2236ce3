// Tool pages: one walk over the pages of tools/list, following nextCursor. The only implementation,
// for all who need every page. A loop, also when the answer comes inside the call that asks for it,
// as it does from the list cache: the stack does not grow with the number of pages.
//
// A cursor that the walk has followed before would lead round in a circle: it ends the list. A walk
// beyond its limit of pages or bytes fails. Loop thread only.
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
    kAll,         // the last page was seen
    kEnough,      // `page` wanted no further one
    kRepeats,     // the server sent a cursor a second time: all pages up to there were seen
    kNeverEnds,   // beyond `most_pages`
    kTooLarge,    // beyond `most_bytes`
    kUnreadable,  // a page has no array of tools
    kFailed,      // the MCP server did not answer with a result
  };
  struct Outcome {
    End end;
    mux::Answer answer{};   // kFailed: what came instead of a page
    std::string problem{};  // kUnreadable, kNeverEnds, kTooLarge: what is wrong, for people
    bool ended_well() const {
      return end == End::kAll || end == End::kEnough || end == End::kRepeats;
    }
  };

  // Sends tools/list with these params. The answer may come at once, from inside the call.
  std::function<void(const std::string& params, mux::Reply::Deliver)> fetch;
  // Takes one page: the text, and where its tools are. False: no further page is wanted.
  std::function<bool(const std::string& text, const std::vector<jsonrpc::Span>& tools)> page;
  // Called once, unless a fetch drops its reply.
  std::function<void(Outcome)> done;
  std::size_t most_pages = kMaxPages;
  std::size_t most_bytes = std::numeric_limits<std::size_t>::max();  // of the tools of all pages
};

// Kept alive by the reply that it waits for.
void walk(ToolPages pages);

}  // namespace sidecar::session
