// Argument parser: CLI11's parser, built from the table of settings. Values stay text here; config
// parses them, so that a wrong value is reported in the same way from every source.
#pragma once

#include <CLI/CLI.hpp>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "app/audit_arguments.hpp"
#include "app/keys_arguments.hpp"
#include "config/table.hpp"

namespace sidecar::app {

inline constexpr std::string_view kSeeHelp = " (see mcp-sidecar --help)";

class ArgumentParser {
 public:
  // `arguments`: those that parse() will get.
  explicit ArgumentParser(const std::vector<std::string>& arguments);

  // Throws CLI::ParseError.
  void parse(std::vector<std::string> arguments);

  std::string help() const { return app_.help(); }
  bool is_healthcheck() const { return healthcheck_->parsed(); }
  bool ready() const { return ready_->count() > 0; }
  const KeysArguments& keys() const { return keys_; }
  const AuditArguments& audit() const { return audit_; }
  bool print_config() const { return print_config_->count() > 0; }
  bool print_markdown() const { return print_markdown_->count() > 0; }
  bool print_dotenv() const { return print_dotenv_->count() > 0; }
  std::optional<std::string> env_file() const;
  std::optional<std::string> url() const;
  std::map<std::string, std::string, std::less<>> flags() const;

  // The flag that would take the next flag as its value, as after an unset shell variable or a
  // forgotten value. Empty: there is none.
  std::string flag_without_value(const std::vector<std::string>& arguments) const;

  // A fault other than a wrong value; empty if there is none. Shows no text that could be a value.
  std::string fault() const;

 private:
  void add(const config::Setting& setting);
  CLI::Option* flag(const std::string& name, const std::string& help);
  CLI::Option* text_option(const std::string& name, const std::string& value,
                           const std::string& help);
  bool takes_value(const std::string& name) const;

  CLI::App app_;
  CLI::App* healthcheck_ = nullptr;
  KeysArguments keys_;
  AuditArguments audit_;
  CLI::Option* print_config_ = nullptr;
  CLI::Option* print_markdown_ = nullptr;
  CLI::Option* print_dotenv_ = nullptr;
  CLI::Option* env_file_ = nullptr;
  CLI::Option* url_ = nullptr;
  CLI::Option* ready_ = nullptr;
  std::map<std::string, CLI::Option*> settings_;
};

}  // namespace sidecar::app
