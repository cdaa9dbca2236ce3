#include "app/argument_parser.hpp"

#include <algorithm>
#include <fmt/format.h>
#include <memory>
#include <string_view>
#include <utility>

#include "endpoints/ops/embedded_pages.hpp"
#include "util/version.hpp"

namespace sidecar::app {
namespace {

constexpr std::string_view kFooter = R"(
Examples:
  mcp-sidecar -- npx -y @modelcontextprotocol/server-everything
  mcp-sidecar --port 8080 --stdio "npx -y @modelcontextprotocol/server-filesystem ."
  mcp-sidecar healthcheck --port 8080 --ready

The wrapped server is the command after --, or of --stdio, or `node dist/index.js` if it exists.
Each setting is read from its flag, environment variable (in brackets), .env or default, in order.
Times are milliseconds or end in ms, s, m, h; sizes are bytes or end in KB, MB, GB.
)";

std::string names_and_default(const config::Setting& setting) {
  std::string text(setting.name);
  for (const std::string_view alias : setting.aliases) {
    if (!alias.empty()) text += fmt::format(", {}", alias);
  }
  return setting.initial.empty() ? text : fmt::format("{}; default {}", text, setting.initial);
}

std::string version_text() {
  return fmt::format("mcp-sidecar {}{}", kVersion,
                     endpoints::embedded_pages().empty() ? " (without pages)" : "");
}

class Help : public CLI::Formatter {
 public:
  std::string make_usage(const CLI::App* app, std::string) const override {
    if (app->get_parent() == nullptr)
      return "Usage: mcp-sidecar [flags] [-- COMMAND...]\n"
             "       mcp-sidecar healthcheck|keys|audit ... [flags]\n";
    std::string words = app->get_name();
    for (const CLI::App* above = app->get_parent(); above->get_parent() != nullptr;
         above = above->get_parent())
      words = fmt::format("{} {}", above->get_name(), words);
    if (!app->get_subcommands({}).empty()) words += " SUBCOMMAND";
    for (const CLI::Option* option : app->get_options()) {
      if (option->get_positional()) words += fmt::format(" {}", option->get_name());
    }
    return fmt::format("Usage: mcp-sidecar {} [flags]\n", words);
  }
};

// The part that looks like a name, because `-kSECRET` and `--key:SECRET` may hold a value.
std::string flag_name(const std::string& argument) {
  if (!argument.starts_with("--")) return argument.substr(0, 2);
  return argument.substr(
      0, argument.find_first_not_of("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ-_"));
}

std::optional<std::string> value_of(const CLI::Option* option) {
  if (option->count() == 0) return std::nullopt;
  return option->results().front();
}

}  // namespace

ArgumentParser::ArgumentParser(const std::vector<std::string>& arguments)
    : app_("Exposes any stdio MCP server over Streamable HTTP, SSE and REST.", "mcp-sidecar") {
  app_.footer(std::string(kFooter));
  auto help = std::make_shared<Help>();
  help->column_width(38);
  app_.formatter(std::move(help));
  app_.allow_extras();  // fault() reports them: a mistyped flag may contain a secret
  app_.set_help_flag("-h,--help", "Print this help");
  app_.set_version_flag("--version", version_text(), "Print the version");
  print_config_ = flag("--print-config", "Print every setting with its value and source");
  env_file_ =
      text_option("--env-file", "PATH", "Read this file instead of .env in the working directory");
  print_markdown_ = flag("--print-settings-table", "For README.md")->group("");
  print_dotenv_ = flag("--print-env-example", "For .env.example")->group("");
  healthcheck_ = app_.add_subcommand("healthcheck",
                                     "Check whether a running mcp-sidecar is alive; exits 0 or 1");
  healthcheck_->fallthrough();
  healthcheck_->allow_extras();
  healthcheck_->footer(
      "Accepts the flags of mcp-sidecar too: --host, --port and --env-file select the "
      "sidecar.\n");
  url_ = healthcheck_->add_option("--url", "URL of the sidecar, instead of its settings")
             ->type_name("URL")
             ->expected(1);
  const std::string ready = "Fail also while the wrapped server takes no calls (GET /ready)";
  ready_ = healthcheck_->add_flag("--ready", ready);
  url_->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
  keys_.add_to(app_);
  audit_.add_to(app_);
  // CLI11 compares the names of a new option with those of all others, which is slow. So only the
  // settings that an argument names are added.
  const auto asks = [&arguments](std::string_view flag) {
    return std::any_of(arguments.begin(), arguments.end(),
                       [flag](const std::string& argument) { return argument.starts_with(flag); });
  };
  const bool asks_for_help = asks("-h") || asks("--help");
  for (const config::Setting& setting : config::settings_table()) {
    if (asks_for_help || asks(setting.flag)) add(setting);
  }
}

void ArgumentParser::parse(std::vector<std::string> arguments) {
  std::reverse(arguments.begin(), arguments.end());  // CLI11 expects the last one first
  app_.parse(std::move(arguments));
}

std::optional<std::string> ArgumentParser::env_file() const { return value_of(env_file_); }

std::optional<std::string> ArgumentParser::url() const { return value_of(url_); }

std::map<std::string, std::string, std::less<>> ArgumentParser::flags() const {
  std::map<std::string, std::string, std::less<>> given;
  for (const auto& [flag, option] : settings_) {
    if (auto value = value_of(option)) given.emplace(flag, *std::move(value));
  }
  return given;
}

std::string ArgumentParser::flag_without_value(const std::vector<std::string>& arguments) const {
  for (std::size_t i = 0; i < arguments.size(); ++i) {
    const std::string& argument = arguments[i];
    const auto equals = argument.find('=');
    std::string name = argument.substr(0, equals);
    if (!takes_value(name)) continue;
    if (equals != argument.npos) {
      if (equals + 1 == argument.size()) return name;
      continue;
    }
    if (++i < arguments.size() && (arguments[i].starts_with("--") || arguments[i] == "-h"))
      return name;
  }
  return "";
}

std::string ArgumentParser::fault() const {
  for (const CLI::Option* option : app_.get_options()) {
    if (option->count() > 1) return fmt::format("{} is given more than once", option->get_name());
  }
  if (url_->count() > 1) return "--url is given more than once";
  for (const std::string& fault : {keys_.fault(), audit_.fault()}) {
    if (!fault.empty()) return fault;
  }
  const auto extras = app_.remaining(true);
  if (extras.empty()) return "";
  const std::string& first = extras.front();
  if (first.starts_with('-')) return fmt::format("unknown flag {}{}", flag_name(first), kSeeHelp);
  return "unexpected argument: the wrapped server's command goes after --, as in: "
         "mcp-sidecar -- node server.js";
}

void ArgumentParser::add(const config::Setting& setting) {
  const std::string name(setting.flag);
  const std::string group(config::group_title(setting.group));
  const std::string help = fmt::format("{} [{}]", setting.help, names_and_default(setting));
  if (setting.value.empty()) {
    settings_.emplace(name, flag(name, help)->group(group));
    return;
  }
  settings_.emplace(name, text_option(name, std::string(setting.value), help)->group(group));
  if (setting.secret == config::Secret::kYes) {
    const std::string in_file = name + "-file";
    settings_.emplace(
        in_file,
        text_option(in_file, "PATH", fmt::format("The same, from a file [{}_FILE]", setting.name))
            ->group(group));
  }
}

CLI::Option* ArgumentParser::flag(const std::string& name, const std::string& help) {
  return app_.add_flag(name, help);
}

CLI::Option* ArgumentParser::text_option(const std::string& name, const std::string& value,
                                         const std::string& help) {
  return app_.add_option(name, help)
      ->type_name(value)
      ->expected(1)
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
}

bool ArgumentParser::takes_value(const std::string& name) const {
  if (!name.starts_with("--")) return false;
  std::vector<const CLI::App*> apps = {&app_};
  for (std::size_t i = 0; i < apps.size(); ++i) {
    for (const CLI::App* each : apps[i]->get_subcommands({})) apps.push_back(each);
    const CLI::Option* option = apps[i]->get_option_no_throw(name);
    if (option != nullptr && option->get_items_expected_max() > 0) return true;
  }
  return false;
}

}  // namespace sidecar::app
