// AliveToken: lets a queued handler find out that its object is gone. Asio may have queued a
// handler already when the descriptor or timer behind it is destroyed; a handler wrapped by the
// object's alive_token then does nothing. A member of the object that starts the operation. Loop
// thread only.
#pragma once

#include <memory>
#include <utility>

namespace sidecar::child {

class AliveToken {
 public:
  // Copies of an object are different objects, so a alive_token stays where it is.
  AliveToken() = default;
  AliveToken(const AliveToken&) = delete;
  AliveToken& operator=(const AliveToken&) = delete;

  template <class Action>
  auto wrap(Action action) const {
    return [alive = std::weak_ptr<const bool>(alive_),
            action = std::move(action)](auto&&... args) mutable {
      if (!alive.expired()) action(std::forward<decltype(args)>(args)...);
    };
  }

 private:
  // shared only to be watched
  std::shared_ptr<const bool> alive_ = std::make_shared<const bool>(true);
};

}  // namespace sidecar::child
