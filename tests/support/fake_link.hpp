// FakeLink: a child that a test plays by hand. Keeps what was sent to it.
#pragma once

#include <deque>
#include <optional>
#include <string>

#include "child/link.hpp"

namespace sidecar::test {

class FakeLink : public child::ChildLink {
 public:
  std::optional<child::LineNumber> send(std::string line) override {
    if (!up || !can_send(line.size())) return std::nullopt;
    sent.push_back(std::move(line));
    return ++number;
  }
  bool can_send(std::size_t size) const override { return up && size <= room; }
  bool running() const override { return up; }
  void handshake_done() override { ++handshakes; }
  void handshake_failed(std::string reason) override { failed_handshake = std::move(reason); }
  void note_answer() override { ++answers; }

  // The next line that was sent; empty when there is none.
  std::string next() {
    if (sent.empty()) return {};
    std::string line = std::move(sent.front());
    sent.pop_front();
    return line;
  }

  bool up = false;
  std::size_t room = 1 << 20;
  child::LineNumber number = 0;
  std::deque<std::string> sent;
  int handshakes = 0;
  int answers = 0;
  std::string failed_handshake;
};

}  // namespace sidecar::test
