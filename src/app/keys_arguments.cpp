#include "app/keys_arguments.hpp"

#include <string_view>
#include <utility>
#include <vector>

#include "config/text.hpp"

namespace sidecar::app {
namespace {

constexpr std::string_view kKeysFooter = R"(
Examples:
  mcp-sidecar keys new vapi --keys-file keys.json --expires 90d --allow-tools 'get_*,list_*'
  mcp-sidecar keys list --keys-file keys.json

MCP_KEYS_FILE can name the file too, in the environment or in .env. A running mcp-sidecar reads
the file again when it changes.
)";

// Empty items stay: app::check() refuses them.
std::vector<std::string> split_at_commas(const std::vector<std::string>& lists) {
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

}  // namespace

void KeysArguments::add_to(CLI::App& app) {
  keys_ =
      app.add_subcommand("keys", "Make, list and revoke keys in the file that --keys-file names");
  keys_->footer(std::string(kKeysFooter));
  new_ = keys_->add_subcommand("new", "Make a key and print it; only its hash is stored");
  keys_->add_subcommand("list", "Names, expiry and permissions");
  revoke_ = keys_->add_subcommand("revoke", "Remove all keys of a name; its sessions end");
  for (CLI::App* each : {keys_, new_, revoke_, keys_->get_subcommand("list")}) {
    each->fallthrough();
    each->allow_extras();
  }
  for (CLI::App* each : {new_, revoke_})
    each->add_option("NAME", typed_.name, "Name of the owner of the key");
  auth::Permissions& may = typed_.permissions;
  expires_ = new_->add_option("--expires", typed_.expires, "90d, or 2027-01-31")->type_name("WHEN");
  new_->add_flag("--admin", may.admin, "May restart the server and see the sessions of others");
  new_->add_flag("--metrics", may.metrics, "May read GET /metrics");
  new_->add_flag("--read-only", may.read_only, "Only tools annotated with readOnlyHint");
  const std::pair<const char*, std::vector<std::string>*> lists[] = {
      {"--allow-tools", &may.tools.allow},         {"--deny-tools", &may.tools.deny},
      {"--allow-resources", &may.resources.allow}, {"--deny-resources", &may.resources.deny},
      {"--allow-prompts", &may.prompts.allow},     {"--deny-prompts", &may.prompts.deny}};
  for (const auto& [name, patterns] : lists)
    new_->add_option(name, *patterns, "Comma list of patterns")->type_name("PATTERNS");
}

std::string KeysArguments::fault() const {
  if (given() && keys_->get_subcommands().size() != 1)
    return "keys needs a subcommand: new NAME, list or revoke NAME";
  if ((new_->parsed() || revoke_->parsed()) && typed_.name.empty())
    return "keys new and keys revoke need a NAME";
  // An unset shell variable must not make a key that never expires.
  if (expires_->count() > 0 && typed_.expires.empty())
    return "--expires is empty (90d, or 2027-01-31; leave it out for a key that never expires)";
  return "";
}

KeysCommand KeysArguments::command() const {
  using Action = KeysCommand::Action;
  KeysCommand command = typed_;
  command.action = new_->parsed()      ? Action::kNew
                   : revoke_->parsed() ? Action::kRevoke
                                       : Action::kList;
  auth::Permissions& may = command.permissions;
  for (std::vector<std::string>* patterns :
       {&may.tools.allow, &may.tools.deny, &may.resources.allow, &may.resources.deny,
        &may.prompts.allow, &may.prompts.deny})
    *patterns = split_at_commas(*patterns);
  return command;
}

}  // namespace sidecar::app
