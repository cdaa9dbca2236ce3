#include "app/kept_secret.hpp"

#include <filesystem>
#include <fstream>

#include "support/catch.hpp"
#include "support/temporary_folder.hpp"

using namespace sidecar;
using app::kept_secret;

namespace {

struct Home {
  std::string keys(const config::Settings& settings) const {
    const app::KeptSecret kept = kept_secret(settings, environment);
    problem = kept.problem;
    return kept.secret.keys("test").front();
  }
  std::filesystem::path in_home() const {
    return folder.path() / ".local/state/mcp-sidecar/secret";
  }

  test::TemporaryFolder folder;
  config::Environment environment = {{"HOME", folder.path().string()}};
  mutable std::string problem;
};

}  // namespace

TEST_CASE("kept secret: is made once, for its user only, and is another one at each port") {
  const Home home;
  config::Settings settings;
  const std::string first = home.keys(settings);
  CHECK(home.problem.empty());
  CHECK(std::filesystem::status(home.in_home()).permissions() ==
        (std::filesystem::perms::owner_read | std::filesystem::perms::owner_write));
  CHECK(home.keys(settings) == first);
  settings.listen.port = 3002;
  CHECK(home.keys(settings) != first);
  // Nothing else is left in the folder.
  CHECK(std::distance(std::filesystem::directory_iterator(home.in_home().parent_path()), {}) == 1);
}

TEST_CASE(
    "kept secret: MCP_STATE_DIR, systemd's folder, XDG's, and the home folder, in this order") {
  Home home;
  config::Settings settings;
  const auto made = [&](const std::filesystem::path& path) {
    home.keys(settings);
    return home.problem.empty() && std::filesystem::exists(path / "secret");
  };
  home.environment["XDG_STATE_HOME"] = home.folder.path() / "xdg";
  CHECK(made(home.folder.path() / "xdg/mcp-sidecar"));
  home.environment["STATE_DIRECTORY"] = (home.folder.path() / "systemd").string() + ":/other";
  CHECK(made(home.folder.path() / "systemd"));
  settings.state.folder = home.folder.path() / "set";
  CHECK(made(home.folder.path() / "set"));
}

TEST_CASE("kept secret: MCP_SECRET needs no folder and is the same at each port") {
  const Home home;
  config::Settings settings;
  settings.state.secrets = {"a secret of twenty-four characters"};
  const std::string first = home.keys(settings);
  settings.listen.port = 3002;
  CHECK(home.keys(settings) == first);
  CHECK_FALSE(std::filesystem::exists(home.in_home()));
}

TEST_CASE("kept secret: without a usable place it is random, and the reason is told") {
  Home home;
  const config::Settings settings;
  SECTION("no home folder") { home.environment.clear(); }
  SECTION("a folder that cannot be made") { home.environment["HOME"] = "/dev/null"; }
  SECTION("a file that holds no key") {
    std::filesystem::create_directories(home.in_home().parent_path());
    std::ofstream(home.in_home()) << "short\n";
  }
  const std::string first = home.keys(settings);
  CHECK_FALSE(home.problem.empty());
  CHECK(home.keys(settings) != first);
}
