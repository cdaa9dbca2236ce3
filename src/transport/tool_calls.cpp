#include "transport/tool_calls.hpp"

#include <array>
#include <fmt/format.h>

#include "jsonrpc/splice.hpp"
#include "mcp/protocol.hpp"
#include "session/observed_call.hpp"
#include "transport/rest_answers.hpp"
#include "transport/tool_directory.hpp"

namespace sidecar::transport {
namespace {

constexpr std::size_t kMaxPages = 1000;  // of one tools/list: a server whose cursors go in circles ends here
constexpr std::string_view kCallId = "1";

}  // namespace

ToolCalls::ToolCalls(mux::Instances& instances, Clock::duration timeout, std::size_t list_limit)
    : instances_(instances), timeout_(timeout), list_limit_(list_limit) {}

void ToolCalls::send(const CallerPtr& caller, std::string_view method, std::string_view params,
                     mux::Reply::Deliver deliver, mux::Reply::Notify progress) {
  auto message = jsonrpc::parse(jsonrpc::request_text(kCallId, method, params));
  // Params were put together from checked parts; what they can still be is nested one level too deep.
  if (!message) return deliver(own_failure(message.error().message));
  static const auto kSource =
      std::make_shared<const observe::CallSource>(observe::CallSource{"rest", {}, {}, {}});
  session::send_observed(calls_, kSource, caller, std::move(*message), std::move(deliver),
                         std::move(progress), [this, caller](jsonrpc::Message request, mux::Reply reply) {
                           const std::string& owner = caller->has_key ? caller->owner : caller->address;
                           instances_.request(owner, std::move(request), std::move(reply), timeout_);
                         });
}

// Follows nextCursor to the end. Kept alive by the call that it waits for.
class ToolCalls::Listing : public std::enable_shared_from_this<Listing> {
 public:
  Listing(ToolCalls& calls, CallerPtr caller, Listed done)
      : calls_(calls), caller_(std::move(caller)), done_(std::move(done)) {}

  void fetch(std::string_view params) {
    calls_.send(caller_, mcp::method::kToolsList, params,
                [self = shared_from_this()](mux::Answer answer) { self->page(std::move(answer)); });
  }

 private:
  void page(mux::Answer answer) {
    if (answer.outcome != mux::Outcome::kResult) return done_(tl::unexpected(std::move(answer)));
    static constexpr std::array<std::string_view, 2> kNames = {"tools", "nextCursor"};
    jsonrpc::pad(answer.text);
    const auto places = jsonrpc::find_members(answer.text, kNames, answer.payload);
    const auto tools = places && (*places)[0] ? jsonrpc::find_elements(answer.text, (*places)[0])
                                              : Result<std::vector<jsonrpc::Span>>(fail("no array of tools"));
    if (!tools)
      return done_(tl::unexpected(
          own_failure("the MCP server's answer to tools/list is of no use: " + tools.error().message)));
    for (jsonrpc::Span tool : *tools) {
      bytes_ += tool.size;
      tools_.emplace_back(tool.in(answer.text));
      jsonrpc::pad(tools_.back());
    }
    const std::string_view cursor = (*places)[1].in(answer.text);
    if (cursor.empty() || cursor == "null") return done_(std::move(tools_));
    if (++pages_ >= kMaxPages || bytes_ > calls_.list_limit_) {
      return done_(tl::unexpected(own_failure("tools/list has no end")));
    }
    fetch(fmt::format(R"({{"cursor":{}}})", cursor));
  }

  ToolCalls& calls_;
  const CallerPtr caller_;
  Listed done_;
  std::vector<std::string> tools_;
  std::size_t pages_ = 0;
  std::size_t bytes_ = 0;
};

void ToolCalls::list(CallerPtr caller, Listed done) {
  std::make_shared<Listing>(*this, std::move(caller), std::move(done))->fetch({});
}

void ToolCalls::find(const CallerPtr& caller, std::string name, std::function<void(std::string)> done) {
  if (!looks_like_function_name(name)) return done(std::move(name));
  list(caller, [name = std::move(name), done = std::move(done)](auto tools) {
    if (!tools) return done(name);
    const ToolDirectory directory(std::move(*tools));
    const ListedTool* tool = directory.find(name);
    done(tool != nullptr ? tool->name() : name);
  });
}

}  // namespace sidecar::transport
