#include "config/sources.hpp"

#include <algorithm>
#include <cassert>
#include <cerrno>
#include <fmt/format.h>
#include <fstream>
#include <functional>
#include <system_error>
#include <unordered_map>
#include <unordered_set>

#include "config/command.hpp"
#include "config/masked_urls.hpp"
#include "config/network_values.hpp"
#include "config/secrets.hpp"
#include "config/text.hpp"
#include "config/values.hpp"

namespace sidecar::config {
namespace {

constexpr std::string_view kCommandSetting = "MCP_COMMAND";
constexpr std::string_view kAuditSetting = "MCP_AUDIT_DB";
constexpr std::string_view kFileSuffix = "_FILE";
constexpr std::string_view kFileFlagSuffix = "-file";
// Settings of which each alone makes a key or a token needed.
constexpr std::string_view kCredentials[] = {"MCP_API_KEYS", "MCP_ADMIN_KEY", "MCP_KEYS_FILE",
                                             "MCP_JWT_ISSUER"};
constexpr std::size_t kMaxSecretFileBytes = 1 << 20;

// A value given for a setting, before it is parsed.
struct Candidate {
  Origin origin;
  std::string setting_name;  // without _FILE
  std::string text;          // or the path of the file that holds it
  bool in_file = false;
};

Result<std::string> read_secret_file(const std::filesystem::path& path) {
  errno = 0;
  std::error_code error;
  std::ifstream file(path, std::ios::binary);
  if (std::filesystem::is_directory(path, error)) return fail("the file is a directory");
  if (!file) return fail("the file cannot be read: " + std::generic_category().message(errno));
  std::string text(kMaxSecretFileBytes + 1, '\0');
  file.read(text.data(), static_cast<std::streamsize>(text.size()));
  text.resize(static_cast<std::size_t>(file.gcount()));
  if (file.bad()) return fail("the file cannot be read");
  if (text.size() > kMaxSecretFileBytes)
    return fail(fmt::format("the file is larger than {} bytes", kMaxSecretFileBytes));
  const auto plain = plain_text(text);
  if (!plain) return fail("the file is " + plain.error().message);
  return std::string(*plain);
}

class Merge {
 public:
  explicit Merge(const Sources& sources) : sources_(sources) {
    for (const DotenvPair& pair : sources.dotenv.pairs) dotenv_.emplace(pair.name, &pair);
  }

  Result<Loaded> run() {
    out_.warnings = sources_.dotenv.warnings;
    out_.dotenv_file = sources_.dotenv.file;
    warn_of_overruled_dotenv();
    for (const Setting& setting : settings_table()) {
      if (auto done = settle(setting); !done) return tl::unexpected(done.error());
    }
    follow_service_desk();
    if (auto done = follow_service_desk_audit(); !done) return tl::unexpected(done.error());
    if (auto fits = cross_check(out_); !fits) return tl::unexpected(fits.error());
    warn_of_empty_credentials();
    warn_of_readable_secrets();
    compose_child_environment();
    return std::move(out_);
  }

 private:
  Result<void> settle(const Setting& setting) {
    const auto candidates = candidates_of(setting);
    Origin& origin = out_.origins.emplace_back();
    if (candidates.empty()) {
      origin.location = "default";
      origin.text = setting.initial;
      if (setting.initial.empty()) return {};
      return setting.field.parse(setting.name, setting.initial, out_.settings);
    }
    const Candidate& winner = candidates.front();
    origin = winner.origin;
    origin.secret = setting.secret;
    if (auto done = read(setting, winner, origin); !done)
      return fail(origin.quoted() + ": " + done.error().message);
    warn_of_losers(setting, candidates);
    return {};
  }

  // A proxy that was set up for the Service Desk Plus server passes the message path of that
  // server.
  void follow_service_desk() {
    const auto& origins = out_.origins;
    const bool service_desk = std::any_of(origins.begin(), origins.end(), [](const Origin& origin) {
      return origin.name.starts_with("SDP_");
    });
    for (std::size_t i = 0; service_desk && i < origins.size(); ++i) {
      if (settings_table()[i].name != "MCP_MESSAGE_PATH" || origins[i].place != Place::kDefault)
        continue;
      out_.settings.endpoints.message_path = out_.origins[i].text = "/messages";
    }
  }

  // The Service Desk Plus server enables its audit log by a variable of its own, and keeps it in
  // the database of its tokens.
  Result<void> follow_service_desk_audit() {
    constexpr std::string_view kSwitch = "SDP_USE_AUDIT_LOG";
    const auto variable = [this](const std::string& name) {
      const Found found = look_up(Place::kEnvironment, name);
      return std::string(found.text.empty() ? look_up(Place::kDotenv, name).text : found.text);
    };
    const auto own =
        std::find_if(settings_table().begin(), settings_table().end(),
                     [](const Setting& setting) { return setting.name == kAuditSetting; });
    Origin& origin = out_.origins[static_cast<std::size_t>(own - settings_table().begin())];
    const std::string text = variable(std::string(kSwitch));
    if (origin.place != Place::kDefault || text.empty()) return {};
    const bool by_environment = !look_up(Place::kEnvironment, std::string(kSwitch)).text.empty();
    const Place place = by_environment ? Place::kEnvironment : Place::kDotenv;
    const std::string location = look_up(place, std::string(kSwitch)).location;
    const auto on = parse_switch(text);
    if (!on)
      return fail(
          fmt::format("{}={} ({}): {}", kSwitch, shown(text), location, on.error().message));
    if (!*on) return {};
    for (const char* name : {"SDP_DB_USER", "SDP_DB_PASSWORD"}) {
      if (in_quotes(variable(name))) return fail(fmt::format("{}: the value {}", name, kInQuotes));
    }
    origin = {place, std::string(kSwitch), location, ""};
    out_.settings.audit.address = service_desk_audit_address(variable);
    return {};
  }

  Result<void> read(const Setting& setting, const Candidate& given, Origin& origin) {
    if (given.origin.name == "--") {
      out_.settings.command = {{}, sources_.command};
      if (sources_.command.front().empty()) return fail("names no program");
      return {};
    }
    if (!given.in_file) return read(setting, given, given.text, origin);
    if (in_quotes(given.text)) return fail(fmt::format("the path {}", kInQuotes));
    auto text = read_secret_file(sources_.working_directory / given.text);
    if (!text) return tl::unexpected(text.error());
    return read(setting, given, *text, origin);
  }

  Result<void> read(const Setting& setting, const Candidate& given, std::string_view text,
                    Origin& origin) {
    if (setting.secret == Secret::kYes) {
      origin.fingerprint = fingerprint_of(text);
      if (in_quotes(text)) return fail(fmt::format("the value {}", kInQuotes));
    }
    return setting.field.parse(given.setting_name, text, out_.settings);
  }

  // All values given for a setting, in order of precedence.
  std::vector<Candidate> candidates_of(const Setting& setting) const {
    std::vector<Candidate> found;
    const bool secret = setting.secret == Secret::kYes;
    if (setting.name == kCommandSetting && !sources_.command.empty()) {
      const std::string text = command_line(sources_.command);
      found.push_back({{Place::kCommandLine, "--", "command line", text}, "", text});
    }
    for (const bool in_file : {false, true}) {
      if (in_file && !secret) break;
      const std::string flag =
          std::string(setting.flag) + std::string(in_file ? kFileFlagSuffix : "");
      const auto given = sources_.flags.find(flag);
      if (given == sources_.flags.end()) continue;
      found.push_back({{Place::kCommandLine, flag, "command line", secret ? "" : given->second},
                       std::string(setting.flag),
                       given->second,
                       in_file});
    }
    for (const Place place : {Place::kEnvironment, Place::kDotenv}) {
      for (const std::string_view name : {setting.name, setting.aliases[0], setting.aliases[1]}) {
        if (name.empty()) continue;
        add_variable(place, name, secret, false, found);
        if (secret) add_variable(place, name, secret, true, found);
      }
    }
    return found;
  }

  void add_variable(Place place, std::string_view name, bool secret, bool in_file,
                    std::vector<Candidate>& found) const {
    std::string variable(name);
    if (in_file) variable += kFileSuffix;
    const auto [text, location] = look_up(place, variable);
    if (text.empty()) return;
    found.push_back({{place, variable, location, secret ? "" : std::string(text)},
                     std::string(name),
                     std::string(text),
                     in_file});
  }

  struct Found {
    std::string_view text;
    std::string location;
  };

  Found look_up(Place place, const std::string& variable) const {
    if (place == Place::kEnvironment) {
      const auto at = sources_.environment.find(variable);
      if (at == sources_.environment.end()) return {};
      return {at->second, "environment"};
    }
    const auto at = dotenv_.find(variable);
    if (at == dotenv_.end()) return {};
    return {at->second->value, fmt::format("{} line {}", out_.dotenv_file, at->second->line)};
  }

  void warn_of_losers(const Setting& setting, const std::vector<Candidate>& candidates) {
    const Candidate& winner = candidates.front();
    if (winner.origin.place == Place::kCommandLine) {
      if (setting.secret == Secret::kYes && !winner.in_file) {
        out_.warnings.push_back(fmt::format(
            "{} shows its value to everyone who lists processes during the start: {} or "
            "{}-file is better",
            winner.origin.name, setting.name, setting.flag));
      }
      return;  // a flag is meant to override
    }
    for (const Candidate& loser : candidates) {
      const bool same_text = loser.text == winner.text && loser.in_file == winner.in_file;
      // Reported by warn_of_overruled_dotenv().
      const bool same_variable = loser.origin.name == winner.origin.name;
      if (same_text || same_variable) continue;
      out_.warnings.push_back(fmt::format("{} ({}) wins over {} ({}), which has another value",
                                          winner.origin.name, winner.origin.location,
                                          loser.origin.name, loser.origin.location));
    }
  }

  void warn_of_overruled_dotenv() {
    const auto ours = variables_of_table();
    std::vector<std::string> overruled;
    for (const DotenvPair& pair : sources_.dotenv.pairs) {
      const auto at = sources_.environment.find(pair.name);
      if (at == sources_.environment.end() || at->second == pair.value) continue;
      if (at->second.empty() && ours.contains(pair.name)) continue;  // counts as not set
      overruled.push_back(pair.name);
    }
    if (overruled.empty()) return;
    out_.warnings.push_back(fmt::format(
        "the process environment wins over {} (http-wrapper.cjs did the reverse), which has "
        "other values for: {}",
        out_.dotenv_file, fmt::join(overruled, ", ")));
  }

  // An empty variable counts as not set (compose's ${VAR:-}). Where it was meant to hold the only
  // key, the server is open.
  void warn_of_empty_credentials() {
    if (out_.settings.access.needs_key()) return;
    std::vector<std::string> empty;
    for (const Setting& setting : settings_table()) {
      if (std::find(std::begin(kCredentials), std::end(kCredentials), setting.name) ==
          std::end(kCredentials))
        continue;
      for (const std::string_view name : {setting.name, setting.aliases[0], setting.aliases[1]}) {
        if (name.empty()) continue;
        for (const std::string_view suffix : {std::string_view(), kFileSuffix}) {
          if (!suffix.empty() && setting.secret != Secret::kYes) continue;
          const std::string variable = std::string(name) + std::string(suffix);
          for (const Place place : {Place::kEnvironment, Place::kDotenv}) {
            const auto [text, location] = look_up(place, variable);
            if (!location.empty() && text.empty())
              empty.push_back(fmt::format("{} ({})", variable, location));
          }
        }
      }
    }
    if (empty.empty()) return;
    out_.warnings.push_back("set but empty, which counts as not set, so that no key is needed: " +
                            listed(empty));
  }

  // The wrapped server runs as the same user, so it can read every file that the sidecar can read.
  void warn_of_readable_secrets() {
    if (out_.settings.child.pass_secrets) return;
    std::vector<std::string> in_dotenv;
    std::vector<std::string> places;
    const auto table = settings_table();
    for (std::size_t i = 0; i < table.size(); ++i) {
      if (table[i].secret != Secret::kYes) continue;
      for (const std::string_view name :
           {table[i].name, table[i].aliases[0], table[i].aliases[1]}) {
        const std::string variable(name);
        if (holds_secret(table[i], look_up(Place::kDotenv, variable).text))
          in_dotenv.push_back(variable);
      }
      const std::string& given = out_.origins[i].name;
      if (given.ends_with(kFileSuffix) || given.ends_with(kFileFlagSuffix))
        places.push_back(fmt::format("the file that {} names", given));
    }
    if (!in_dotenv.empty()) {
      places.insert(places.begin(), fmt::format("{} ({})", out_.dotenv_file, listed(in_dotenv)));
      warn_of_open_dotenv();
    }
    if (places.empty()) return;
    out_.warnings.push_back(fmt::format(
        "the wrapped server runs as the same user and can read secrets in {}: keep keys in "
        "MCP_KEYS_FILE, which holds only hashes, and pass other secrets in the process environment",
        fmt::join(places, " and ")));
  }

  // The address of a database may have no password.
  static bool holds_secret(const Setting& setting, std::string_view text) {
    return !text.empty() && (setting.name != kAuditSetting || masked_urls(text) != text);
  }

  void warn_of_open_dotenv() {
    std::error_code error;
    const auto status =
        std::filesystem::status(sources_.working_directory / out_.dotenv_file, error);
    if (error || (status.permissions() & std::filesystem::perms::others_read) ==
                     std::filesystem::perms::none)
      return;
    out_.warnings.push_back(
        fmt::format("{} holds secrets, and every user of this machine can read it: chmod o-rwx {}",
                    out_.dotenv_file, out_.dotenv_file));
  }

  static std::unordered_set<std::string> variables_of_table() {
    std::unordered_set<std::string> variables;
    for (const Setting& setting : settings_table()) {
      for (const std::string_view name : {setting.name, setting.aliases[0], setting.aliases[1]}) {
        variables.emplace(name);
        if (setting.secret == Secret::kYes)
          variables.emplace(std::string(name) + std::string(kFileSuffix));
      }
    }
    return variables;
  }

  void compose_child_environment() {
    const auto secrets = secret_names();
    const bool pass = out_.settings.child.pass_secrets;
    if (!pass) out_.child_removals = secrets;
    for (const DotenvPair& pair : sources_.dotenv.pairs) {
      if (sources_.environment.contains(pair.name)) continue;
      ++out_.dotenv_variables;
      const bool secret = std::find(secrets.begin(), secrets.end(), pair.name) != secrets.end();
      if (pass || !secret) out_.child_additions.emplace_back(pair.name, pair.value);
    }
  }

  const Sources& sources_;
  std::unordered_map<std::string, const DotenvPair*> dotenv_;
  Loaded out_;
};

}  // namespace

Environment environment_from(const char* const* variables) {
  Environment environment;
  for (; variables != nullptr && *variables != nullptr; ++variables) {
    const std::string_view variable = *variables;
    if (const auto equals = variable.find('='); equals != variable.npos) {
      environment.emplace(variable.substr(0, equals), variable.substr(equals + 1));
    }
  }
  return environment;
}

std::string Origin::describe() const {
  switch (place) {
    case Place::kDefault:
      return "default";
    case Place::kCommandLine:
      return name == "--" ? "command line" : "flag " + name;
    case Place::kEnvironment:
    case Place::kDotenv:
      return location + " " + name;
    case Place::kWorkingDirectory:
      return location;
  }
  return "";
}

std::string Origin::masked_text() const {
  if (secret == Secret::kInCommand) return masked_command_line(text);
  return secret == Secret::kInUrl ? masked_url(text) : masked_urls(text);
}

std::string Origin::quoted() const {
  if (text.empty()) return fmt::format("{} ({})", name, location);
  return fmt::format("{}={} ({})", name, shown(masked_text()), location);
}

const Origin& Loaded::origin(std::string_view setting_name) const {
  const auto table = settings_table();
  const auto row = std::find_if(table.begin(), table.end(), [setting_name](const Setting& setting) {
    return setting.name == setting_name;
  });
  assert(row != table.end());
  return origins[static_cast<std::size_t>(row - table.begin())];
}

Result<Loaded> load(const Sources& sources) { return Merge(sources).run(); }

void fall_back_on_dist_index(Loaded& loaded, const std::filesystem::path& working_directory) {
  std::error_code error;
  if (!loaded.settings.command.words.empty()) return;
  if (!std::filesystem::is_regular_file(working_directory / "dist" / "index.js", error)) return;
  loaded.settings.command.words = {"node", "dist/index.js"};
  loaded.origins.front() = {Place::kWorkingDirectory, "", "dist/index.js in the working directory",
                            "node dist/index.js"};
}

std::vector<Change> take_over(Loaded& running, const Loaded& fresh) {
  std::vector<Change> changes;
  Settings at_next_start = running.settings;
  const auto table = settings_table();
  for (std::size_t i = 0; i < table.size(); ++i) {
    const bool now = table[i].applies == Applies::kOnReload;
    Origin& origin = running.origins[i];
    if (table[i].field.take(now ? running.settings : at_next_start, fresh.settings)) {
      changes.push_back({table[i].name, shown_value(table[i], origin),
                         shown_value(table[i], fresh.origins[i]), now});
    }
    if (now) origin = fresh.origins[i];
  }
  return changes;
}

}  // namespace sidecar::config
