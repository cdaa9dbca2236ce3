// ListView: what one caller may see of a list. The multiplexer has it made once for all callers
// that are held to the same rules, and keeps it as long as the list. Implemented by those who know
// what callers may see. Loop thread only.
#pragma once

#include <cstddef>
#include <memory>
#include <string>

namespace sidecar::mux {

// A result that is kept: shared by the list cache and what is being made of it. kPadding bytes of
// capacity follow it.
using KeptText = std::shared_ptr<const std::string>;

class ListView {
 public:
  // The making of one, in steps.
  class Making {
   public:
    virtual ~Making() = default;
    // Does a piece of it and returns what it cost, as bytes; 0: it is done.
    virtual std::size_t step() = 0;
    // REQUIRES: step() returned 0. nullptr: the list cannot be read.
    virtual KeptText result() = 0;
  };

  virtual ~ListView() = default;
  // Callers with equal rules see the same of a list.
  virtual std::string rules() const = 0;
  virtual std::unique_ptr<Making> make(KeptText list) const = 0;
};

}  // namespace sidecar::mux
