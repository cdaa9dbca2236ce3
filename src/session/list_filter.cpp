#include "session/list_filter.hpp"

#include <algorithm>
#include <fmt/format.h>
#include <utility>
#include <vector>

#include "jsonrpc/splice.hpp"
#include "mcp/protocol.hpp"

namespace sidecar::session {
namespace {

namespace method = mcp::method;
using auth::Permissions;
using CallerPtr = std::shared_ptr<const auth::Principal>;

struct Listing {
  std::string_view method;
  std::string_view array;
  std::string_view name;
  PartRules::Part part;
  bool templates = false;
};

constexpr Listing kListings[] = {
    {method::kToolsList, "tools", "name", &Permissions::tools},
    {method::kPromptsList, "prompts", "name", &Permissions::prompts},
    {method::kResourcesList, "resources", "uri", &Permissions::resources},
    {method::kResourceTemplatesList, "resourceTemplates", "uriTemplate", &Permissions::resources,
     true},
};

const Listing* find(std::string_view name) {
  const auto* found =
      std::find_if(std::begin(kListings), std::end(kListings),
                   [name](const Listing& listing) { return listing.method == name; });
  return found == std::end(kListings) ? nullptr : found;
}

// Copies those elements of one list that the caller may see, in steps.
class Selection {
 public:
  // All arguments outlive it. REQUIRES: `text` is padded.
  Selection(const auth::Principal& caller, const Listing& listing, const std::string& text,
            jsonrpc::Span payload)
      : listing_(listing),
        text_(text),
        payload_(payload),
        rules_(caller, listing.part),
        read_only_(listing.method == method::kToolsList && caller.read_only()) {}

  // As ListView::Making::step().
  std::size_t step() {
    if (!std::exchange(found_, true)) {
      find_elements();
      return text_.size() / kSkipped + 1;
    }
    std::size_t cost = 0;
    for (; next_ < elements_.size() && cost < kPiece; ++next_) {
      look_at(elements_[next_]);
      cost += elements_[next_].size + kElementCost;
    }
    return cost;
  }

  // The results; valid after step() has returned 0.
  // problem(): why the list cannot be read; empty if it can.
  const std::string& problem() const { return problem_; }
  bool sees_all() const { return seen_ == elements_.size(); }
  std::string text() const { return jsonrpc::splice(text_, {{array_, kept_ + "]"}}); }

 private:
  // Bytes that are skipped in the time it takes to check one byte of an element.
  static constexpr std::size_t kSkipped = 8;
  static constexpr std::size_t kPiece = 32 << 10;   // cost of one step
  static constexpr std::size_t kElementCost = 500;  // of each, besides its bytes

  void find_elements() {
    const auto found = jsonrpc::find_members(text_, payload_, {listing_.array});
    if (!found) {
      problem_ = found.error().message;
      return;
    }
    array_ = found->front();
    if (!array_) return;
    if (auto all = jsonrpc::find_elements(text_, array_))
      elements_ = std::move(*all);
    else
      problem_ = all.error().message;
  }

  void look_at(jsonrpc::Span element) {
    const auto [name_at, annotations] =
        jsonrpc::members(text_, element, {listing_.name, "annotations"});
    const auto name = jsonrpc::string_value(name_at.in(text_));
    if (!name) return;
    if (!(listing_.templates ? rules_.allow_template(*name) : rules_.allow(*name))) return;
    if (read_only_ && !has_read_only_hint(text_, annotations)) return;
    kept_.append(seen_++ == 0 ? "" : ",").append(element.in(text_));
  }

  const Listing& listing_;
  const std::string& text_;
  const jsonrpc::Span payload_;
  const PartRules rules_;
  const bool read_only_;
  bool found_ = false;
  std::string problem_;
  jsonrpc::Span array_;
  std::vector<jsonrpc::Span> elements_;
  std::size_t next_ = 0;  // index into elements_
  std::string kept_ = "[";
  std::size_t seen_ = 0;
};

class CallersView : public mux::ListView {
 public:
  CallersView(CallerPtr caller, const Listing& listing)
      : caller_(std::move(caller)), listing_(listing) {}

  std::string rules() const override { return list_rules(*caller_, listing_.method); }
  std::unique_ptr<Making> make(mux::KeptText list) const override {
    return std::make_unique<Selecting>(caller_, listing_, std::move(list));
  }

 private:
  class Selecting : public Making {
   public:
    Selecting(CallerPtr caller, const Listing& listing, mux::KeptText list)
        : caller_(std::move(caller)),
          list_(std::move(list)),
          selection_(*caller_, listing, *list_, {0, list_->size()}) {}

    std::size_t step() override { return selection_.step(); }
    mux::KeptText result() override {
      if (!selection_.problem().empty()) return nullptr;
      if (selection_.sees_all()) return list_;
      return std::make_shared<const std::string>(selection_.text());
    }

   private:
    const CallerPtr caller_;
    const mux::KeptText list_;
    Selection selection_;
  };

  const CallerPtr caller_;
  const Listing& listing_;
};

void append(std::string& text, const std::vector<std::string>& patterns) {
  for (const std::string& pattern : patterns) text += fmt::format("{}:{}", pattern.size(), pattern);
  text += ';';
}

}  // namespace

bool is_listing(std::string_view name) { return find(name) != nullptr; }

std::string list_rules(const auth::Principal& caller, std::string_view name) {
  const Listing* listing = find(name);
  if (listing == nullptr || !caller.restricted()) return {};
  const bool tools = name == method::kToolsList;
  std::string text = "restricted";
  for (const auto& each : caller.permissions) {
    const auth::NameRules& rules = (*each).*(listing->part);
    const bool reads = tools && each->read_only;
    if (rules.empty() && !reads) continue;
    text += reads ? ";r" : ";";
    append(text, rules.allow);
    append(text, rules.deny);
  }
  return text;
}

std::shared_ptr<const mux::ListView> list_view(CallerPtr caller, std::string_view name) {
  const Listing* listing = find(name);
  if (listing == nullptr || !caller->restricted()) return nullptr;
  return std::make_shared<CallersView>(std::move(caller), *listing);
}

void filter(const auth::Principal& caller, std::string_view id, std::string_view name,
            mux::Answer& answer) {
  const Listing* listing = find(name);
  if (listing == nullptr || answer.outcome != mux::Outcome::kResult || !caller.restricted() ||
      answer.filtered)
    return;
  jsonrpc::pad(answer.text);
  Selection selection(caller, *listing, answer.text, answer.payload);
  while (selection.step() > 0) {
  }
  if (!selection.problem().empty()) {
    answer = mux::make_failure(mux::Outcome::kInternal, id, mcp::code::kInternalError,
                               "the MCP server's list cannot be read: " + selection.problem());
    return;
  }
  if (selection.sees_all()) return;
  const std::size_t before = answer.text.size();
  std::string text = selection.text();
  answer.text = std::move(text);
  answer.payload.size -= before - answer.text.size();
}

bool has_read_only_hint(const std::string& text, jsonrpc::Span annotations) {
  return jsonrpc::is_true(text, jsonrpc::member(text, annotations, "readOnlyHint"));
}

}  // namespace sidecar::session
