// Lifeline: lets a queued handler find out that its object is gone. Asio may have queued a handler already
// when the descriptor or timer behind it is destroyed; a handler wrapped by the object's lifeline then does
// nothing. A member of the object that starts the operation. Loop thread only.
#pragma once

#include <memory>
#include <utility>

namespace sidecar::child {

class Lifeline {
 public:
  // Copies of an object are different objects, so a lifeline stays where it is.
  Lifeline() = default;
  Lifeline(const Lifeline&) = delete;
  Lifeline& operator=(const Lifeline&) = delete;

  template <class Action>
  auto wrap(Action action) const {
    return [alive = std::weak_ptr<const bool>(alive_), action = std::move(action)](auto&&... args) mutable {
      if (!alive.expired()) action(std::forward<decltype(args)>(args)...);
    };
  }

 private:
  std::shared_ptr<const bool> alive_ = std::make_shared<const bool>(true);  // shared only to be watched
};

}  // namespace sidecar::child
