#include "session/tool_pages.hpp"

#include <fmt/format.h>
#include <memory>
#include <optional>
#include <unordered_set>
#include <utility>

namespace sidecar::session {
namespace {

using End = ToolPages::End;

class Walk : public std::enable_shared_from_this<Walk> {
 public:
  explicit Walk(ToolPages pages) : pages_(std::move(pages)) {}

  // BOUNDED STACK: an answer inside fetch() only sets next_; the loop of the outer call continues.
  void run(std::optional<std::string> params) {
    next_ = std::move(params);
    if (std::exchange(running_, true)) return;
    while (next_) {
      pages_.fetch(*std::exchange(next_, std::nullopt),
                   [self = shared_from_this()](mux::Answer answer) {
                     self->run(self->take(std::move(answer)));
                   });
    }
    running_ = false;
  }

 private:
  // The params of the next page; nullopt: the walk has ended.
  std::optional<std::string> take(mux::Answer answer) {
    if (answer.outcome != mux::Outcome::kResult) return end({End::kFailed, std::move(answer)});
    jsonrpc::pad(answer.text);
    const auto found = jsonrpc::find_members(answer.text, answer.payload, {"tools", "nextCursor"});
    if (!found) return unreadable(found.error().message);
    const auto [list, next] = *found;
    if (!list) return unreadable("no array of tools");
    const auto tools = jsonrpc::find_elements(answer.text, list);
    if (!tools) return unreadable(tools.error().message);
    for (const jsonrpc::Span tool : *tools) bytes_ += tool.size;
    if (!pages_.page(answer.text, *tools)) return end({End::kEnough});
    const std::string_view cursor = next.in(answer.text);
    if (cursor.empty() || cursor == "null") return end({End::kAll});
    if (!followed_.emplace(cursor).second) return end({End::kRepeats});
    if (followed_.size() >= pages_.most_pages)
      return beyond(End::kNeverEnds,
                    fmt::format("does not end: it has more than {} pages", pages_.most_pages));
    if (bytes_ > pages_.most_bytes)
      return beyond(
          End::kTooLarge,
          fmt::format("is too large: what this caller may see of it has more than {} bytes",
                      pages_.most_bytes));
    return fmt::format(R"({{"cursor":{}}})", cursor);
  }

  std::nullopt_t unreadable(const std::string& problem) {
    return end(
        {End::kUnreadable, {}, "the MCP server's answer to tools/list cannot be used: " + problem});
  }
  std::nullopt_t beyond(End limit, const std::string& what) {
    return end({limit, {}, "the MCP server's tools/list " + what});
  }
  std::nullopt_t end(ToolPages::Outcome outcome) {
    std::exchange(pages_.done, nullptr)(std::move(outcome));
    return std::nullopt;
  }

  ToolPages pages_;
  std::optional<std::string> next_;  // params of the page to ask for
  bool running_ = false;
  std::unordered_set<std::string> followed_;  // cursors, as the server sent them
  std::size_t bytes_ = 0;
};

}  // namespace

void walk(ToolPages pages) { std::make_shared<Walk>(std::move(pages))->run(std::string()); }

}  // namespace sidecar::session
