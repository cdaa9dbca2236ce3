// Shares: divides one bounded resource between the owners that use it. Nothing is reserved: a
// single owner may hold all of it. While others hold some of it too, an owner may go beyond a
// quarter only as long as a quarter stays free. When there is no room, the owner that holds the
// most must release some to an owner that holds less. Counts amounts and does not know what they
// are (sessions, calls, bytes); its user decides what is closed or evicted to make room. One thread
// at a time.
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
  // The amount that one user of the resource (e.g. one session) holds for its owner; released by
  // the destructor. Move-only. The Shares outlive it.
  class Holding {
   public:
    Holding() = default;  // without an owner: neither set() nor owner() may be called
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
    // If !fits: the owner that must release some first. Empty: no other owner holds enough more
    // than this one, so the request is refused.
    std::optional<std::string> from{};
  };

  explicit Shares(std::size_t limit) : limit_(limit) {}
  Shares(const Shares&) = delete;
  Shares& operator=(const Shares&) = delete;

  // Amounts already held beyond a lowered limit stay held.
  void set_limit(std::size_t limit) { limit_ = limit; }
  std::size_t limit() const { return limit_; }
  // A quarter of the limit; at least 1.
  std::size_t quarter() const { return std::max<std::size_t>(limit_ / 4, 1); }

  // Whether `owner` may hold `more` than it does now. Changes nothing.
  Admission admit(std::string_view owner, std::size_t more) const;
  // The same for the owner of `holding`, without a lookup.
  Admission admit(const Holding& holding, std::size_t more) const;
  // The same for amounts that cannot be released on demand, such as accepted records: an owner may
  // hold at most three times what stays free, so a later owner always finds room.
  bool leaves_room(std::string_view owner, std::size_t more) const;
  // A new holding of 0.
  Holding hold(std::string_view owner);

  std::size_t used() const { return used_; }
  std::size_t held_by(std::string_view owner) const;
  std::size_t owners() const { return accounts_.size(); }

 private:
  // `account`: nullptr for an owner without a holding.
  Admission admit(const Accounts::value_type* account, std::size_t more) const;

  Accounts accounts_;  // one for each owner with a holding, even of 0
  std::size_t limit_;
  std::size_t used_ = 0;
};

// The text of a refusal: "your key holds 750 of 1000 sessions, 751 are in use
// (MCP_MAX_CONNECTIONS)". `has_key`: the owner is a key; otherwise it is an address.
std::string shares_text(const Shares& shares, std::string_view owner, bool has_key,
                        std::string_view what, std::string_view setting);

}  // namespace sidecar
