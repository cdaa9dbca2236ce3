// Keys arguments: `mcp-sidecar keys new|list|revoke` and its flags, as a subcommand of the parser.
// The options refer to this object, so it stays where it is.
#pragma once

#include <CLI/CLI.hpp>
#include <string>

#include "app/keys_command.hpp"

namespace sidecar::app {

class KeysArguments {
 public:
  KeysArguments() = default;
  KeysArguments(const KeysArguments&) = delete;
  KeysArguments& operator=(const KeysArguments&) = delete;

  void add_to(CLI::App& app);

  // The rest is valid after parsing.
  bool given() const { return keys_->parsed(); }
  // A fault other than a wrong value; empty if there is none. Shows no value.
  std::string fault() const;
  // Without the file.
  KeysCommand command() const;

 private:
  CLI::App* keys_ = nullptr;
  CLI::App* new_ = nullptr;
  CLI::App* revoke_ = nullptr;
  CLI::Option* expires_ = nullptr;
  KeysCommand typed_;
};

}  // namespace sidecar::app
