#include "endpoints/rest/tool_list.hpp"

#include <algorithm>
#include <utility>

#include "util/crypto.hpp"

namespace sidecar::endpoints {
namespace {

constexpr std::size_t kToolCost = 1000;  // of a tool in a document, besides its text
constexpr std::size_t kToolBytes = 500;  // of a tool in memory, besides its text

}  // namespace

ToolList::ToolList(Slices& slices, std::string owner, std::vector<std::string> tools,
                   std::function<void()> idle)
    : slices_(slices),
      owner_(std::move(owner)),
      directory_(ToolDirectory::unread(std::move(tools))),
      idle_(std::move(idle)) {
  for (const std::string& tool : directory_.texts()) bytes_ += bytes_of(tool);
}

std::size_t ToolList::bytes_of(const std::string& tool) { return tool.size() + kToolBytes; }

void ToolList::begin_job(Slices::Step step) {
  ++jobs_;
  slices_.add(owner_, [self = shared_from_this(), step = std::move(step)] {
    const std::size_t cost = step();
    if (cost == 0 && --self->jobs_ == 0 && self->idle_) self->idle_();
    return cost;
  });
}

void ToolList::read() {
  begin_job([this]() -> std::size_t {
    if (const std::size_t cost = directory_.read_next()) return cost;
    read_ = true;
    for (const auto& done : std::exchange(waiting_, {})) done();
    return 0;
  });
}

void ToolList::when_read(std::function<void()> done) {
  if (read_) return done();
  waiting_.push_back(std::move(done));
}

// Makes one document: adds the tools, builds the text, hashes it, answers the waiting requests.
class ToolList::Making {
 public:
  Making(ToolList& list, Entry& entry, std::unique_ptr<ToolDocument> document)
      : list_(list), entry_(entry), document_(std::move(document)) {}

  std::size_t step() {
    const auto& texts = list_.directory_.texts();
    if (next_ < texts.size()) {
      const std::string& text = texts[next_++];
      const auto& tools = list_.directory_.tools();
      const bool listed = next_tool_ < tools.size() && &tools[next_tool_].text() == &text;
      document_->add(text, listed ? &tools[next_tool_++] : nullptr);
      return text.size() + kToolCost;
    }
    if (document_ != nullptr) {
      entry_.document.text = std::exchange(document_, nullptr)->text();
      const std::size_t size = entry_.document.text ? entry_.document.text->size() : 0;
      list_.bytes_ += size;
      return size / kCopied + 1;
    }
    const std::string_view text = entry_.document.text ? *entry_.document.text : std::string_view();
    if (hashed_ < text.size()) {
      const std::string_view piece = text.substr(hashed_, kHashedAtOnce);
      hash_.update(piece);
      hashed_ += piece.size();
      return piece.size() / kHashed + 1;
    }
    if (!std::exchange(entry_.made, true)) entry_.document.digest = hash_.hex();
    // One request per step, because each answer copies the text.
    if (next_waiting_ == entry_.waiting.size()) {
      entry_.waiting.clear();
      return 0;
    }
    std::exchange(entry_.waiting[next_waiting_++], nullptr)(entry_.document);
    return text.size() / kCopied + 1;
  }

 private:
  static constexpr std::size_t kCopied = Slices::kCopied;
  // Bytes that the loop hashes in the time in which it reads one byte of a tool.
  static constexpr std::size_t kHashed = 4;
  static constexpr std::size_t kHashedAtOnce = 256 << 10;

  ToolList& list_;
  Entry& entry_;
  std::unique_ptr<ToolDocument> document_;
  std::size_t next_ = 0;       // index into texts()
  std::size_t next_tool_ = 0;  // index into tools()
  Sha256 hash_;
  std::size_t hashed_ = 0;
  std::size_t next_waiting_ = 0;
};

void ToolList::document(const std::string& name, const Make& make, Made done) {
  const auto [found, fresh] = documents_.try_emplace(name);
  Entry& entry = found->second;
  if (entry.made) return done(entry.document);
  entry.waiting.push_back(std::move(done));
  if (!fresh) return;
  // Shared, because std::function copies.
  auto making = std::make_shared<Making>(*this, entry, make());
  begin_job([making] { return making->step(); });
}

}  // namespace sidecar::endpoints
