// ToolList: the tools that callers with one set of rules see, and the documents made from them.
// Each document is made once, in slices of the loop, is shared by all requests for it, and lives as
// long as the list. Shared by KeptLists, the jobs in Slices and pending requests; loop thread only.
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
  // Errors of `text`: why the document cannot be made.
  struct Document {
    Result<std::string> text;
    std::string digest{};  // SHA-256 of the text, in hex
  };
  using Make = std::function<std::unique_ptr<ToolDocument>()>;
  using Made = std::function<void(const Document&)>;

  // `tools` as in tools/list, padded. `owner`: the owner of its jobs in `slices`. `idle`: called
  // when the list is no longer busy(). `slices` outlives every call of read() and document().
  ToolList(Slices& slices, std::string owner, std::vector<std::string> tools,
           std::function<void()> idle = nullptr);
  // Memory of one tool, estimated.
  static std::size_t bytes_of(const std::string& tool);

  // Begins to read the tools. Call once, before all others.
  void read();
  // Calls `done` once the tools have been read, possibly within this call.
  void when_read(std::function<void()> done);
  const ToolDirectory& directory() const { return directory_; }

  // `name` identifies the document; `make` is called for the first request only. `done` may be
  // called within this call.
  void document(const std::string& name, const Make& make, Made done);

  // Memory of the list and its documents, estimated.
  std::size_t bytes() const { return bytes_; }
  // Whether the tools are being read or a document is being made.
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
  std::vector<std::function<void()>> waiting_;  // for the end of read()
  std::map<std::string, Entry> documents_;
  std::size_t bytes_ = 0;
  std::size_t jobs_ = 0;
  const std::function<void()> idle_;
};

}  // namespace sidecar::endpoints
