#include "app/command_line.hpp"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <map>
#include <memory>
#include <optional>
#include <string_view>
#include <system_error>
#include <tuple>
#include <vector>

#include "config/describe.hpp"
#include "config/dotenv.hpp"
#include "config/table.hpp"
#include "config/text.hpp"
#include "config/values.hpp"
#include "endpoints/ops/embedded_pages.hpp"
#include "mux/core/call.hpp"
#include "util/version.hpp"

namespace sidecar::app {
namespace {

constexpr std::string_view kFaultPrefix = "mcp-sidecar: ";
constexpr int kFaultExit = 2;
constexpr int kUnhealthyExit = 1;
constexpr std::size_t kQueryLimit = 100;  // records that `audit query` prints
constexpr std::size_t kMaxQueryLimit = 1'000'000;
constexpr std::string_view kSeeHelp = " (see mcp-sidecar --help)";
constexpr std::string_view kKeysFooter = R"(
Examples:
  mcp-sidecar keys new vapi --keys-file keys.json --expires 90d --allow-tools 'get_*,list_*'
  mcp-sidecar keys list --keys-file keys.json

MCP_KEYS_FILE can name the file too, in the environment or in .env. A running mcp-sidecar reads
the file again when it changes.
)";
constexpr std::string_view kAuditFooter = R"(
Examples:
  mcp-sidecar audit query --audit-db sqlite:audit.db --since 2027-01-31 --outcome forbidden
  mcp-sidecar audit export --format csv --output january.csv --until 2027-02-01
  mcp-sidecar audit backup audit-copy.db

MCP_AUDIT_DB can name the database too, in the environment or in .env.
)";
constexpr std::string_view kFooter = R"(
Examples:
  mcp-sidecar -- npx -y @modelcontextprotocol/server-everything
  mcp-sidecar --port 8080 --stdio "npx -y @modelcontextprotocol/server-filesystem ."
  mcp-sidecar healthcheck --port 8080

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

// Of a recorded call.
std::vector<std::string_view> outcomes() {
  std::vector<std::string_view> names;
  for (std::size_t i = 0; i < mux::kOutcomes; ++i)
    names.push_back(mux::outcome_name(static_cast<mux::Outcome>(i)));
  names.insert(names.begin() + 1, "tool_error");
  return names;
}

bool is_outcome(std::string_view name) {
  const auto names = outcomes();
  return std::find(names.begin(), names.end(), name) != names.end();
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

// CLI11's parser, built from the table of settings. Values stay text here; config parses them, so
// that a wrong value is reported in the same way from every source.
class Parser {
 public:
  // `arguments`: those that parse() will get.
  explicit Parser(const std::vector<std::string>& arguments)
      : app_("Exposes any stdio MCP server over Streamable HTTP, SSE and REST.", "mcp-sidecar") {
    app_.footer(std::string(kFooter));
    auto help = std::make_shared<Help>();
    help->column_width(38);
    app_.formatter(std::move(help));
    app_.allow_extras();  // fault() reports them: a mistyped flag may contain a secret
    app_.set_help_flag("-h,--help", "Print this help");
    app_.set_version_flag("--version", version_text(), "Print the version");
    print_config_ = flag("--print-config", "Print every setting with its value and source");
    env_file_ = text_option("--env-file", "PATH",
                            "Read this file instead of .env in the working directory");
    print_markdown_ = flag("--print-settings-table", "For README.md")->group("");
    print_dotenv_ = flag("--print-env-example", "For .env.example")->group("");
    healthcheck_ = app_.add_subcommand(
        "healthcheck", "Check whether a running mcp-sidecar is alive; exits 0 or 1");
    healthcheck_->fallthrough();
    healthcheck_->allow_extras();
    healthcheck_->footer(
        "Accepts the flags of mcp-sidecar too: --host, --port and --env-file select the "
        "sidecar.\n");
    url_ = healthcheck_->add_option("--url", "URL of the sidecar, instead of its settings")
               ->type_name("URL")
               ->expected(1);
    url_->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
    add_keys();
    add_audit();
    // CLI11 compares the names of a new option with those of all others, which is slow. So only the
    // settings that an argument names are added.
    const auto asks = [&arguments](std::string_view flag) {
      return std::any_of(arguments.begin(), arguments.end(), [flag](const std::string& argument) {
        return argument.starts_with(flag);
      });
    };
    const bool asks_for_help = asks("-h") || asks("--help");
    for (const config::Setting& setting : config::settings_table()) {
      if (asks_for_help || asks(setting.flag)) add(setting);
    }
  }

  // Throws CLI::ParseError.
  void parse(std::vector<std::string> arguments) {
    std::reverse(arguments.begin(), arguments.end());  // CLI11 expects the last one first
    app_.parse(std::move(arguments));
  }

  std::string help() const { return app_.help(); }
  bool is_healthcheck() const { return healthcheck_->parsed(); }
  bool is_keys() const { return keys_->parsed(); }
  // Without the file.
  KeysCommand keys() const {
    using Action = KeysCommand::Action;
    KeysCommand command = new_key_;
    command.action = keys_new_->parsed()      ? Action::kNew
                     : keys_revoke_->parsed() ? Action::kRevoke
                                              : Action::kList;
    config::Permissions& may = command.permissions;
    for (std::vector<std::string>* patterns :
         {&may.tools.allow, &may.tools.deny, &may.resources.allow, &may.resources.deny,
          &may.prompts.allow, &may.prompts.deny})
      *patterns = split_at_commas(*patterns);
    return command;
  }
  bool is_audit() const { return audit_->parsed(); }
  // Without the database. Errors: a filter that cannot be parsed.
  Result<AuditCommand> audit() const {
    using Action = AuditCommand::Action;
    using Format = AuditCommand::Format;
    AuditCommand command;
    command.action = audit_backup_->parsed()   ? Action::kBackup
                     : audit_export_->parsed() ? Action::kExport
                                               : Action::kQuery;
    command.filter = filter_;
    if (command.action != Action::kQuery) command.filter.limit = 0;
    command.filter.newest_first = command.action == Action::kQuery;
    command.file = audit_file_;
    for (const auto& [flag, text, time] : {std::tuple("--since", &since_, &command.filter.since),
                                           std::tuple("--until", &until_, &command.filter.until)}) {
      if (text->empty()) continue;
      const auto parsed = audit::parse_time(*text);
      if (!parsed) return fail(fmt::format("{}={}: {}", flag, *text, parsed.error().message));
      *time = *parsed;
    }
    if (!filter_.outcome.empty() && !is_outcome(filter_.outcome)) {
      return fail(fmt::format("--outcome={}: not an outcome ({})", config::shown(filter_.outcome),
                              fmt::join(outcomes(), ", ")));
    }
    if (command.action == Action::kQuery && limit_given_->count() > 0) {
      const auto limit = config::parse_number(limit_, 1, kMaxQueryLimit);
      if (!limit)
        return fail(fmt::format("--limit={}: {}", config::shown(limit_), limit.error().message));
      command.filter.limit = *limit;
    }
    const bool text = command.action == Action::kQuery;
    const std::string format = format_.empty() ? (text ? "text" : "csv") : format_;
    if (format != "csv" && format != "json" && !(text && format == "text"))
      return fail(
          fmt::format("--format={}: not a format ({}csv, json)", format, text ? "text, " : ""));
    command.format = format == "csv"    ? Format::kCsv
                     : format == "json" ? Format::kJson
                                        : Format::kText;
    return command;
  }
  bool print_config() const { return print_config_->count() > 0; }
  bool print_markdown() const { return print_markdown_->count() > 0; }
  bool print_dotenv() const { return print_dotenv_->count() > 0; }
  std::optional<std::string> env_file() const { return value_of(env_file_); }
  std::optional<std::string> url() const { return value_of(url_); }

  std::map<std::string, std::string, std::less<>> flags() const {
    std::map<std::string, std::string, std::less<>> given;
    for (const auto& [flag, option] : settings_) {
      if (auto value = value_of(option)) given.emplace(flag, *std::move(value));
    }
    return given;
  }

  // The flag that would take the next flag as its value, as after an unset shell variable or a
  // forgotten value. Empty: there is none.
  std::string flag_without_value(const std::vector<std::string>& arguments) const {
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

  // A fault other than a wrong value; empty if there is none. Shows no text that could be a value.
  std::string fault() const {
    for (const CLI::Option* option : app_.get_options()) {
      if (option->count() > 1) return fmt::format("{} is given more than once", option->get_name());
    }
    if (url_->count() > 1) return "--url is given more than once";
    if (is_keys() && keys_->get_subcommands().size() != 1)
      return "keys needs a subcommand: new NAME, list or revoke NAME";
    if ((keys_new_->parsed() || keys_revoke_->parsed()) && new_key_.name.empty())
      return "keys new and keys revoke need a NAME";
    // An unset shell variable must not make a key that never expires.
    if (expires_->count() > 0 && new_key_.expires.empty())
      return "--expires is empty (90d, or 2027-01-31; leave it out for a key that never expires)";
    if (is_audit() && audit_->get_subcommands().size() != 1)
      return "audit needs a subcommand: query, export or backup FILE";
    if (audit_backup_->parsed() && audit_file_.empty()) return "audit backup needs a FILE";
    const auto extras = app_.remaining(true);
    if (extras.empty()) return "";
    const std::string& first = extras.front();
    if (first.starts_with('-')) return fmt::format("unknown flag {}{}", flag_name(first), kSeeHelp);
    return "unexpected argument: the wrapped server's command goes after --, as in: "
           "mcp-sidecar -- node server.js";
  }

 private:
  void add_keys() {
    keys_ = app_.add_subcommand("keys",
                                "Make, list and revoke keys in the file that --keys-file names");
    keys_->footer(std::string(kKeysFooter));
    keys_new_ = keys_->add_subcommand("new", "Make a key and print it; only its hash is stored");
    keys_->add_subcommand("list", "Names, expiry and permissions");
    keys_revoke_ = keys_->add_subcommand("revoke", "Remove all keys of a name; its sessions end");
    for (CLI::App* each : {keys_, keys_new_, keys_revoke_, keys_->get_subcommand("list")}) {
      each->fallthrough();
      each->allow_extras();
    }
    for (CLI::App* each : {keys_new_, keys_revoke_})
      each->add_option("NAME", new_key_.name, "Name of the owner of the key");
    config::Permissions& may = new_key_.permissions;
    expires_ = keys_new_->add_option("--expires", new_key_.expires, "90d, or 2027-01-31")
                   ->type_name("WHEN");
    keys_new_->add_flag("--admin", may.admin,
                        "May restart the server and see the sessions of others");
    keys_new_->add_flag("--metrics", may.metrics, "May read GET /metrics");
    keys_new_->add_flag("--read-only", may.read_only, "Only tools annotated with readOnlyHint");
    const std::pair<const char*, std::vector<std::string>*> lists[] = {
        {"--allow-tools", &may.tools.allow},         {"--deny-tools", &may.tools.deny},
        {"--allow-resources", &may.resources.allow}, {"--deny-resources", &may.resources.deny},
        {"--allow-prompts", &may.prompts.allow},     {"--deny-prompts", &may.prompts.deny}};
    for (const auto& [name, patterns] : lists)
      keys_new_->add_option(name, *patterns, "Comma list of patterns")->type_name("PATTERNS");
  }

  void add_audit() {
    audit_ = app_.add_subcommand("audit", "Read and back up the audit log that --audit-db names");
    audit_->footer(std::string(kAuditFooter));
    CLI::App* const query = audit_->add_subcommand("query", "Print the newest records");
    audit_export_ = audit_->add_subcommand("export", "Print every record, oldest first");
    audit_backup_ = audit_->add_subcommand("backup", "Copy a SQLite database while it is in use");
    for (CLI::App* each : {audit_, query, audit_export_, audit_backup_}) {
      each->fallthrough();
      each->allow_extras();
    }
    for (CLI::App* each : {query, audit_export_}) {
      each->add_option("--since", since_, "From this time on: 2027-01-31, or 2027-01-31T08:30:00Z")
          ->type_name("TIME");
      each->add_option("--until", until_, "Before this time")->type_name("TIME");
      each->add_option("--key", filter_.key, "Calls of the key of this name")->type_name("NAME");
      each->add_option("--method", filter_.method, "Calls of this method")->type_name("METHOD");
      each->add_option("--tool", filter_.tool, "Calls of this tool, prompt or resource")
          ->type_name("NAME");
      each->add_option("--outcome", filter_.outcome, fmt::format("{}", fmt::join(outcomes(), ", ")))
          ->type_name("OUTCOME");
      each->add_option("--format", format_, each == query ? "text, csv or json" : "csv or json")
          ->type_name("FORMAT");
    }
    filter_.limit = kQueryLimit;
    limit_given_ = query->add_option("--limit", limit_,
                                     fmt::format("At most so many; default {}", kQueryLimit));
    limit_given_->type_name("N");
    audit_export_->add_option("--output", audit_file_, "Write to a new file")->type_name("FILE");
    audit_backup_->add_option("FILE", audit_file_, "The copy; must not exist yet");
  }

  void add(const config::Setting& setting) {
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

  CLI::Option* flag(const std::string& name, const std::string& help) {
    return app_.add_flag(name, help);
  }

  CLI::Option* text_option(const std::string& name, const std::string& value,
                           const std::string& help) {
    return app_.add_option(name, help)
        ->type_name(value)
        ->expected(1)
        ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
  }

  bool takes_value(const std::string& name) const {
    if (!name.starts_with("--")) return false;
    std::vector<const CLI::App*> apps = {&app_};
    for (std::size_t i = 0; i < apps.size(); ++i) {
      for (const CLI::App* each : apps[i]->get_subcommands({})) apps.push_back(each);
      const CLI::Option* option = apps[i]->get_option_no_throw(name);
      if (option != nullptr && option->get_items_expected_max() > 0) return true;
    }
    return false;
  }

  // The part that looks like a name, because `-kSECRET` and `--key:SECRET` may hold a value.
  static std::string flag_name(const std::string& argument) {
    if (!argument.starts_with("--")) return argument.substr(0, 2);
    return argument.substr(
        0, argument.find_first_not_of("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ-_"));
  }

  // Empty items stay: app::check() refuses them.
  static std::vector<std::string> split_at_commas(const std::vector<std::string>& lists) {
    std::vector<std::string> items;
    for (std::string_view rest : lists) {
      for (auto comma = rest.find(','); comma != rest.npos; comma = rest.find(',')) {
        items.emplace_back(config::trimmed(rest.substr(0, comma)));
        rest.remove_prefix(comma + 1);
      }
      items.emplace_back(config::trimmed(rest));
    }
    return items;
  }

  static std::optional<std::string> value_of(const CLI::Option* option) {
    if (option->count() == 0) return std::nullopt;
    return option->results().front();
  }

  CLI::App app_;
  CLI::App* healthcheck_ = nullptr;
  CLI::App* keys_ = nullptr;
  CLI::App* keys_new_ = nullptr;
  CLI::App* keys_revoke_ = nullptr;
  CLI::Option* expires_ = nullptr;
  KeysCommand new_key_;
  CLI::App* audit_ = nullptr;
  CLI::App* audit_export_ = nullptr;
  CLI::App* audit_backup_ = nullptr;
  audit::Filter filter_;
  CLI::Option* limit_given_ = nullptr;
  std::string limit_;
  std::string since_;
  std::string until_;
  std::string format_;
  std::string audit_file_;
  CLI::Option* print_config_ = nullptr;
  CLI::Option* print_markdown_ = nullptr;
  CLI::Option* print_dotenv_ = nullptr;
  CLI::Option* env_file_ = nullptr;
  CLI::Option* url_ = nullptr;
  std::map<std::string, CLI::Option*> settings_;
};

Print fault(const std::string& message, int exit_code = kFaultExit) {
  return {fmt::format("{}{}\n", kFaultPrefix, message), exit_code};
}

Result<config::Dotenv> find_dotenv(const std::optional<std::string>& named,
                                   const std::filesystem::path& directory) {
  if (named) return config::read_dotenv(directory / *named, *named);
  std::error_code error;
  const auto path = directory / ".env";
  if (std::filesystem::status(path, error).type() == std::filesystem::file_type::not_found)
    return config::Dotenv{};
  return config::read_dotenv(path, ".env");
}

CommandLine healthcheck(const Parser& parser, const config::Sources& sources) {
  if (const auto url = parser.url()) {
    auto target = health_target(*url);
    if (!target) return fault(target.error().message, kUnhealthyExit);
    return Healthcheck{*std::move(target)};
  }
  const auto loaded = config::load(sources);
  if (!loaded) return fault(loaded.error().message, kUnhealthyExit);
  auto target = health_target(loaded->settings);
  if (!target) return fault(target.error().message, kUnhealthyExit);
  return Healthcheck{*std::move(target)};
}

CommandLine keys(const Parser& parser, const config::Sources& sources) {
  const auto loaded = config::load(sources);
  if (!loaded) return fault(loaded.error().message);
  KeysCommand command = parser.keys();
  command.file = loaded->settings.keys_file;
  return command;
}

CommandLine audit(const Parser& parser, const config::Sources& sources) {
  const auto loaded = config::load(sources);
  if (!loaded) return fault(loaded.error().message);
  auto command = parser.audit();
  if (!command) return fault(command.error().message);
  command->database = loaded->settings.audit_db;
  return *std::move(command);
}

}  // namespace

CommandLine parse_command_line(const std::vector<std::string>& given,
                               const config::Environment& environment,
                               const std::filesystem::path& working_directory) {
  std::vector<std::string> arguments(given.begin() + (given.empty() ? 0 : 1), given.end());
  const auto dashes = std::find(arguments.begin(), arguments.end(), "--");
  const bool has_dashes = dashes != arguments.end();

  config::Sources sources;
  sources.environment = environment;
  sources.working_directory = working_directory;
  if (has_dashes) sources.command.assign(dashes + 1, arguments.end());
  arguments.erase(dashes, arguments.end());

  Parser parser(arguments);
  const auto fault_exit = [&parser] {
    return parser.is_healthcheck() ? kUnhealthyExit : kFaultExit;
  };
  const auto needs_value = [&fault_exit](const std::string& flag) {
    return fault(fmt::format("{} needs a value (--flag=VALUE when it begins with a dash)", flag),
                 fault_exit());
  };
  try {
    const std::string flag = parser.flag_without_value(arguments);
    parser.parse(arguments);
    if (!flag.empty()) return needs_value(flag);
  } catch (const CLI::CallForHelp&) {
    return Print{parser.help()};
  } catch (const CLI::CallForVersion& version) {
    return Print{std::string(version.what()) + "\n"};
  } catch (const CLI::ArgumentMismatch& mismatch) {
    // The only source of the flag's name: the text begins with it and contains no value.
    const std::string what = mismatch.what();
    return needs_value(what.substr(0, what.find(':')));
  } catch (const CLI::ParseError&) {
    return fault(fmt::format("the flags cannot be understood{}", kSeeHelp), fault_exit());
  }
  if (const std::string wrong = parser.fault(); !wrong.empty()) return fault(wrong, fault_exit());
  if (parser.print_markdown()) return Print{config::settings_markdown()};
  if (parser.print_dotenv()) return Print{config::settings_dotenv()};

  sources.flags = parser.flags();
  if (has_dashes && parser.is_healthcheck())
    return fault("healthcheck takes no command", kUnhealthyExit);
  if (has_dashes && parser.is_keys()) return fault("keys takes no command");
  if (has_dashes && parser.is_audit()) return fault("audit takes no command");
  if (has_dashes && sources.command.empty()) return fault("no command after --");
  if (has_dashes && sources.flags.contains("--stdio"))
    return fault("both --stdio and a command after --: give one");

  auto dotenv = find_dotenv(parser.env_file(), working_directory);
  if (!dotenv) return fault(dotenv.error().message, fault_exit());
  sources.dotenv = *std::move(dotenv);
  if (parser.is_healthcheck()) return healthcheck(parser, sources);
  if (parser.is_keys()) return keys(parser, sources);
  if (parser.is_audit()) return audit(parser, sources);

  auto loaded = config::load(sources);
  if (!loaded) return fault(loaded.error().message);
  config::fall_back_on_dist_index(*loaded, working_directory);
  if (parser.print_config()) return Print{config::config_listing(*loaded)};
  if (loaded->settings.command.empty()) {
    return fault(
        "no server to wrap: put its command after --, as in: mcp-sidecar -- npx -y "
        "@modelcontextprotocol/server-everything (there is no dist/index.js either)");
  }
  return Run{*std::move(loaded)};
}

Result<config::Loaded> load_again(const std::vector<std::string>& arguments,
                                  const config::Environment& environment,
                                  const std::filesystem::path& working_directory) {
  auto asked = parse_command_line(arguments, environment, working_directory);
  if (auto* again = std::get_if<Run>(&asked)) return std::move(again->loaded);
  std::string text = std::get<Print>(asked).text;  // the fault that would end the program
  if (text.starts_with(kFaultPrefix)) text.erase(0, kFaultPrefix.size());
  while (text.ends_with('\n')) text.pop_back();
  return fail(std::move(text));
}

}  // namespace sidecar::app
