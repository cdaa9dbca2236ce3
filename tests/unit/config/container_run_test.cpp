#include "config/container_run.hpp"

#include "config/command.hpp"
#include "support/catch.hpp"

using namespace sidecar::config;
using Missing = std::vector<std::string_view>;

namespace {
Missing missing(std::string_view command) {
  return missing_run_options(parse_command(command)->words);
}
}  // namespace

TEST_CASE("container run: --init and --rm are looked for in front of the image") {
  const Missing both = {"--init", "--rm"};
  CHECK(missing("docker run -i image") == both);
  CHECK(missing("/usr/bin/podman run -i --name x image") == both);
  CHECK(missing("docker run -i image --init --rm") == both);
  CHECK(missing("docker run -i -e --rm --name --init image") == both);
  CHECK(missing("docker run -i --init=false --rm=false image") == both);
  CHECK(missing("docker --context prod container run -it image") == both);
  CHECK(missing("sudo docker run -i image") == both);
  CHECK(missing("docker run -i --rm image") == Missing{"--init"});
  CHECK(missing("docker run -i --init image") == Missing{"--rm"});
  for (const char* command :
       {"docker run -i --rm --init image", "docker run --rm=true --init=true -i image",
        "docker run -it -e A=b -eC -v /a:/b --network host --rm --init image x",
        "docker run --privileged --read-only -p 1:2 --init --pull always --rm image"})
    CHECK(missing(command).empty());
}

TEST_CASE("container run: other commands lack nothing") {
  for (const char* command :
       {"node run x", "docker exec -i run server", "docker compose run x", "docker", "docker run",
        "npx docker run x", "sh -c 'docker run x'", "my-docker run x", "sudo"})
    CHECK(missing(command).empty());
}
