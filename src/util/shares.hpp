// Shares: how one bounded resource is divided between the owners that use it. Nothing is reserved:
// an owner alone may hold all of it. While others hold some of it too, an owner may go beyond a
// quarter only as long as a quarter stays free, and when there is no room, the owner that holds the
// most gives way to one that holds less. Counts amounts; what they are (sessions, calls, bytes),
// and how an owner gives way, is its user's business. One thread at a time.
#pragma once

#include <algorithm>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

namespace sidecar {

class Shares {
 private:
  struct Account {
    std::size_t held = 0;
    std::size_t holdings = 0;
  };
  struct Hash {
    using is_transparent = void;
    std::size_t operator()(std::string_view text) const {
      return std::hash<std::string_view>{}(text);
    }
  };
  using Accounts = std::unordered_map<std::string, Account, Hash, std::equal_to<>>;

 public:
  // What one user of the resource holds for its owner; given back when it goes. The Shares outlive
  // it.
  class Holding {
   public:
    Holding() = default;  // of nobody: set() must not be called
    Holding(Holding&& other) noexcept;
    Holding& operator=(Holding&& other) noexcept;
    ~Holding() { release(); }

    void set(std::size_t amount);
    std::size_t amount() const { return amount_; }
    const std::string& owner() const { return account_->first; }
    explicit operator bool() const { return shares_ != nullptr; }

   private:
    friend class Shares;
    Holding(Shares& shares, Accounts::value_type& account) : shares_(&shares), account_(&account) {}
    void release();

    Shares* shares_ = nullptr;
    Accounts::value_type* account_ = nullptr;
    std::size_t amount_ = 0;
  };

  struct Admission {
    bool fits = false;
    // !fits: who has to give way first; nothing: the owner itself holds too much, so it is refused.
    std::optional<std::string> from{};
  };

  explicit Shares(std::size_t limit) : limit_(limit) {}
  Shares(const Shares&) = delete;
  Shares& operator=(const Shares&) = delete;

  // What is held beyond a lower limit stays held.
  void set_limit(std::size_t limit) { limit_ = limit; }
  std::size_t limit() const { return limit_; }
  // Of the whole; at least 1.
  std::size_t quarter() const { return std::max<std::size_t>(limit_ / 4, 1); }

  // Whether `owner` may hold `more` than it does. Changes nothing.
  Admission admit(std::string_view owner, std::size_t more) const;
  // The same for what cannot give way, such as records that have been accepted: an owner may hold
  // three times what stays free, and no more, so one that comes later always finds room.
  bool leaves_room(std::string_view owner, std::size_t more) const;
  // The same for the owner of a holding, without looking it up.
  Admission admit(const Holding& holding, std::size_t more) const;
  // A holding of 0.
  Holding hold(std::string_view owner);

  std::size_t used() const { return used_; }
  std::size_t held_by(std::string_view owner) const;
  std::size_t owners() const { return accounts_.size(); }

 private:
  // `account`: nullptr for an owner without a holding.
  Admission admit(const Accounts::value_type* account, std::size_t more) const;

  Accounts accounts_;  // of owners with a holding
  std::size_t limit_;
  std::size_t used_ = 0;
};

// What an owner that is refused is told: "your key holds 750 of 1000 sessions, 751 are in use
// (MCP_MAX_CONNECTIONS)". Without a key the owner is an address.
std::string shares_text(const Shares& shares, std::string_view owner, bool has_key,
                        std::string_view what, std::string_view setting);

}  // namespace sidecar
