// ListView: the part of a list that a caller may see. The multiplexer makes it once for all callers
// with the same rules, and keeps it as long as the list. Implemented in session, which knows the
// permissions of callers. Loop thread only.
#pragma once

#include <cstddef>
#include <memory>
#include <string>

namespace sidecar::mux {

// The text of a kept result. Shared by the list cache and the views being made from it.
// jsonrpc::kPadding bytes of capacity follow the text.
using KeptText = std::shared_ptr<const std::string>;

class ListView {
 public:
  // Makes one view, in steps.
  class Making {
   public:
    virtual ~Making() = default;
    // Does a part of the work and returns its cost (util/slices.hpp); 0: the view is done.
    virtual std::size_t step() = 0;
    // REQUIRES: step() returned 0. nullptr: the list cannot be read.
    virtual KeptText result() = 0;
  };

  virtual ~ListView() = default;
  // Callers with equal rules see the same part of a list.
  virtual std::string rules() const = 0;
  virtual std::unique_ptr<Making> make(KeptText list) const = 0;
};

}  // namespace sidecar::mux
