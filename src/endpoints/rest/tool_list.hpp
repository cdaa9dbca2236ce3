// ToolList: the tools that one set of permissions lets its callers see, and the documents made of
// them. Each document is made once, in slices of the loop, for all who ask for it, and lives as
// long as the list. Loop thread only.
#pragma once

#include <cstddef>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "endpoints/rest/tool_directory.hpp"
#include "endpoints/rest/tool_document.hpp"
#include "util/slices.hpp"

namespace sidecar::endpoints {

class ToolList : public std::enable_shared_from_this<ToolList> {
 public:
  // Made from the tools, and its hash; or why it cannot be.
  struct Document {
    Result<std::string> text;
    std::string digest{};
  };
  using Make = std::function<std::unique_ptr<ToolDocument>()>;
  using Made = std::function<void(const Document&)>;

  // `tools` as tools/list has them, padded. `owner`: in whose turn it is read, and its documents
  // made. `idle`: called when it is not busy() any more. `slices` outlives what the list is asked
  // for.
  ToolList(Slices& slices, std::string owner, std::vector<std::string> tools,
           std::function<void()> idle = nullptr);
  // What a tool takes in memory.
  static std::size_t bytes_of(const std::string& tool);

  // Begins to read the tools. Call once, first.
  void read();
  // `done` may be called at once.
  void when_read(std::function<void()> done);
  const ToolDirectory& directory() const { return directory_; }

  // `name` tells documents apart; `make` is called for the first who asks. `done` may be called at
  // once.
  void document(const std::string& name, const Make& make, Made done);

  // Of the list and of all that has been made of it.
  std::size_t bytes() const { return bytes_; }
  // Whether it is being read, or a document of it made.
  bool busy() const { return jobs_ > 0; }

 private:
  struct Entry {
    Document document{fail("not made yet")};
    bool made = false;
    std::vector<Made> waiting;
  };
  class Making;

  void begin_job(Slices::Step step);

  Slices& slices_;
  const std::string owner_;
  ToolDirectory directory_;
  bool read_ = false;
  std::vector<std::function<void()>> waiting_;  // until it has been read
  std::map<std::string, Entry> documents_;
  std::size_t bytes_ = 0;
  std::size_t jobs_ = 0;
  const std::function<void()> idle_;
};

}  // namespace sidecar::endpoints
