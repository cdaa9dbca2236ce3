#include "app/service_manager.hpp"

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <optional>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>
#include <vector>

#include "support/catch.hpp"
#include "support/manual_timers.hpp"
#include "support/matchers.hpp"
#include "support/temporary_folder.hpp"

using namespace sidecar;
using namespace sidecar::app;
using namespace std::chrono_literals;
using sidecar::test::Contains;
using Messages = std::vector<std::string>;

namespace {

// systemd's end of the notification socket.
class Systemd {
 public:
  explicit Systemd(const std::string& path)
      : socket_(::socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK, 0)) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::memcpy(address.sun_path, path.data(), path.size());
    if (address.sun_path[0] == '@') address.sun_path[0] = '\0';
    const auto size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + path.size());
    REQUIRE(::bind(socket_.get(), reinterpret_cast<sockaddr*>(&address), size) == 0);
  }

  // The next datagram; nothing if none has arrived.
  std::optional<std::string> next() {
    std::string text(4096, '\0');
    const ssize_t size = ::recv(socket_.get(), text.data(), text.size(), 0);
    if (size < 0) return std::nullopt;
    text.resize(static_cast<std::size_t>(size));
    return text;
  }
  Messages all() {
    Messages messages;
    while (auto message = next()) messages.push_back(*std::move(message));
    return messages;
  }

 private:
  UniqueFd socket_;
};

struct World {
  explicit World(config::Environment more = {}) : environment(std::move(more)) {
    environment.emplace("NOTIFY_SOCKET", path);
  }

  test::TemporaryFolder folder;
  std::string path = folder.path() / "notify";
  config::Environment environment;
  Systemd systemd{path};
  test::ManualTimers timers;
  observe::Log log = observe::make_null_log();
  ServiceStatus status{false, "starting"};
};

}  // namespace

TEST_CASE("service manager: without NOTIFY_SOCKET it does nothing") {
  World w;
  ServiceManager manager({{"WATCHDOG_USEC", "1000000"}}, w.timers, w.log);
  CHECK_FALSE(manager.on());
  manager.start([&w] { return w.status; });
  manager.reloading();
  manager.stopping();
  CHECK(w.timers.waiting() == 0);
}

TEST_CASE("service manager: READY is sent once the server can be called, STATUS when it changes") {
  World w;
  ServiceManager manager(w.environment, w.timers, w.log);
  CHECK(w.systemd.all().empty());
  manager.start([&w] { return w.status; });
  CHECK(w.systemd.all() == Messages{"STATUS=starting"});
  w.timers.advance(5s);
  CHECK(w.systemd.all().empty());
  w.status = {true, "ready\n1 session"};
  w.timers.advance(ServiceManager::kLookEvery);
  CHECK(w.systemd.all() == Messages{"READY=1\nSTATUS=ready 1 session"});
  w.timers.advance(5s);
  CHECK(w.systemd.all().empty());
  w.status = {false, "backing off"};
  w.timers.advance(ServiceManager::kStatusEvery);
  CHECK(w.systemd.all() == Messages{"STATUS=backing off"});
}

TEST_CASE("service manager: a server that never becomes ready delays READY by 10 s at most") {
  World w;
  ServiceManager manager(w.environment, w.timers, w.log);
  manager.start([&w] { return w.status; });
  w.systemd.all();
  w.timers.advance(ServiceManager::kReadyAtLatest - 1ms);
  CHECK(w.systemd.all().empty());
  w.timers.advance(ServiceManager::kLookEvery);
  CHECK(w.systemd.all() == Messages{"READY=1\n"});
}

TEST_CASE(
    "service manager: a reload is reported from begin to end, but not before READY or at the end") {
  World w;
  ServiceManager manager(w.environment, w.timers, w.log);
  manager.start([&w] { return w.status; });
  w.systemd.all();
  manager.reloading();
  manager.reloaded();
  CHECK(w.systemd.all().empty());
  w.status.usable = true;
  w.timers.advance(1s);
  w.systemd.all();

  timespec before{};
  ::clock_gettime(CLOCK_MONOTONIC, &before);
  manager.reloading();
  const std::string begun = w.systemd.next().value_or("");
  constexpr std::string_view kBegin = "RELOADING=1\nMONOTONIC_USEC=";
  REQUIRE(begun.starts_with(kBegin));
  CHECK(std::stoll(begun.substr(kBegin.size())) >=
        before.tv_sec * 1'000'000 + before.tv_nsec / 1'000);
  CHECK_FALSE(w.systemd.next());
  manager.reloaded();
  CHECK(w.systemd.all() == Messages{"READY=1"});

  manager.stopping();
  manager.stopping();
  manager.reloading();
  manager.reloaded();
  CHECK(w.systemd.all() == Messages{"STOPPING=1"});
}

TEST_CASE("service manager: the watchdog gets two pings per interval, also during shutdown") {
  World w({{"WATCHDOG_USEC", "4000000"}, {"WATCHDOG_PID", std::to_string(::getpid())}});
  ServiceManager manager(w.environment, w.timers, w.log);
  manager.start([&w] { return w.status; });
  CHECK(w.systemd.all() == Messages{"STATUS=starting", "WATCHDOG=1"});
  w.timers.advance(1999ms);
  CHECK(w.systemd.all().empty());
  w.timers.advance(1ms);
  CHECK(w.systemd.all() == Messages{"WATCHDOG=1"});
  manager.stopping();
  w.timers.advance(2s);
  CHECK(w.systemd.all() == Messages{"STOPPING=1", "WATCHDOG=1"});
}

TEST_CASE("service manager: with an endless watchdog interval a ping is sent every hour") {
  World w(config::Environment{{"WATCHDOG_USEC", "9223372036854775807"}});
  ServiceManager manager(w.environment, w.timers, w.log);
  manager.start([&w] { return w.status; });
  w.status.usable = true;
  w.timers.advance(1s);
  w.systemd.all();
  w.timers.advance(1h);
  CHECK(w.systemd.all() == Messages{"WATCHDOG=1"});
}

TEST_CASE("service manager: a watchdog for another process, or without an interval, is ignored") {
  for (const config::Environment& watchdog :
       {config::Environment{{"WATCHDOG_USEC", "4000000"}, {"WATCHDOG_PID", "1"}},
        config::Environment{{"WATCHDOG_USEC", "0"}}, config::Environment{{"WATCHDOG_USEC", "-5"}},
        config::Environment{{"WATCHDOG_USEC", "10s"}}, config::Environment{{"WATCHDOG_USEC", ""}},
        config::Environment{{"WATCHDOG_USEC", "99999999999999999999"}}}) {
    World w(watchdog);
    ServiceManager manager(w.environment, w.timers, w.log);
    manager.start([&w] { return w.status; });
    w.timers.advance(5s);
    CHECK(w.systemd.all() == Messages{"STATUS=starting"});
  }
}

TEST_CASE("service manager: an abstract address is used, an unknown kind is ignored") {
  World w;
  const std::string name = "@mcp-sidecar-test-" + std::to_string(::getpid());
  Systemd systemd(name);
  ServiceManager manager({{"NOTIFY_SOCKET", name}}, w.timers, w.log);
  manager.start([&w] { return w.status; });
  CHECK(systemd.all() == Messages{"STATUS=starting"});
  for (const std::string& other :
       {std::string("/"), std::string("notify"), std::string("vsock:2:1234"),
        "/" + std::string(sizeof(sockaddr_un::sun_path), 'x')})
    CHECK_FALSE(ServiceManager({{"NOTIFY_SOCKET", other}}, w.timers, w.log).on());
}

TEST_CASE(
    "service manager: messages that the socket refuses are sent later, in order, up to a limit") {
  World w;
  ServiceManager manager(w.environment, w.timers, w.log);
  manager.start([&w] { return w.status; });
  const auto step = [&w](int number) {
    w.status = {true, std::to_string(number)};
    w.timers.advance(ServiceManager::kStatusEvery);
  };
  constexpr int kStatuses = 2000;  // more than any kernel queues for one socket
  for (int i = 0; i < kStatuses; ++i) step(i);
  Messages seen = w.systemd.all();
  const std::size_t held = seen.size();
  for (Messages more;
       w.timers.advance(ServiceManager::kTryAgain), !(more = w.systemd.all()).empty();)
    seen.insert(seen.end(), more.begin(), more.end());
  w.timers.advance(ServiceManager::kStatusEvery);
  for (const std::string& more : w.systemd.all()) seen.push_back(more);
  REQUIRE(seen.size() == held + ServiceManager::kMaxUnsent + 1);
  CHECK(seen.back() == "STATUS=" + std::to_string(kStatuses - 1));
  seen.pop_back();
  CHECK(seen[0] == "STATUS=starting");
  CHECK(seen[1] == "READY=1\nSTATUS=0");
  for (std::size_t i = 2; i < seen.size(); ++i) CHECK(seen[i] == "STATUS=" + std::to_string(i - 1));
}

TEST_CASE("service manager: unread pings do not queue up in front of READY") {
  World w(config::Environment{{"WATCHDOG_USEC", "2000"}});
  ServiceManager manager(w.environment, w.timers, w.log);
  manager.start([&w] { return w.status; });
  w.timers.advance(5s);  // thousands of pings that nobody reads
  w.status.usable = true;
  w.timers.advance(1s);
  CHECK_FALSE(w.systemd.all().empty());
  Messages seen;
  for (int i = 0; i < 1000; ++i) {
    w.timers.advance(1ms);
    for (std::string& each : w.systemd.all()) seen.push_back(std::move(each));
  }
  CHECK(std::count(seen.begin(), seen.end(), "READY=1\n") == 1);
}

TEST_CASE("service manager: a removed socket does not end the program, and each message is tried") {
  World w;
  ServiceManager manager(w.environment, w.timers, w.log);
  std::filesystem::remove(w.path);
  manager.start([&w] { return w.status; });
  w.status = {true, "ready"};
  w.timers.advance(1s);
  std::optional<Systemd> again(w.path);
  w.status.text = "later";
  w.timers.advance(1s);
  CHECK(again->all() == Messages{"STATUS=later"});
}

// The variables that PM2 6 sets, with `-i 2` and without.
TEST_CASE("service manager: the first copy under PM2 runs, others get one line about --instances") {
  const auto check = [](const char* copy) {
    return app::check_single({{"pm_id", "7"},
                              {"exec_mode", "fork_mode"},
                              {"instance_var", "NODE_APP_INSTANCE"},
                              {"instances", "2"},
                              {"NODE_APP_INSTANCE", copy}});
  };
  CHECK(check("0"));
  const auto refused = check("1");
  REQUIRE_FALSE(refused);
  CHECK_THAT(refused.error().message, Contains("NODE_APP_INSTANCE=1"));
  CHECK_THAT(refused.error().message, Contains("--instances N"));
  CHECK(refused.error().message.find('\n') == std::string::npos);
}

TEST_CASE("service manager: the variable that numbers the copies may have another name") {
  const auto check = [](const char* copy) {
    return app::check_single(
        {{"pm_id", "0"}, {"instance_var", "COPY"}, {"NODE_APP_INSTANCE", "0"}, {"COPY", copy}});
  };
  CHECK(check("0"));
  CHECK_FALSE(check("3"));
}

TEST_CASE("service manager: without PM2 that variable is ignored") {
  CHECK(app::check_single({}));
  CHECK(app::check_single({{"NODE_APP_INSTANCE", "1"}}));
  CHECK(app::check_single({{"pm_id", "0"}}));
}
