#include "audit/spool.hpp"

#include <algorithm>
#include <fstream>

#include "unit/audit/world.hpp"

using namespace sidecar;
using audit::Spool;
using sidecar::test::Contains;

namespace {

constexpr std::size_t kLimit = 1 << 20;

std::vector<std::filesystem::path> files(const std::filesystem::path& folder) {
  std::vector<std::filesystem::path> found;
  for (const auto& entry : std::filesystem::directory_iterator(folder))
    if (entry.path().extension() == ".jsonl") found.push_back(entry.path());
  std::sort(found.begin(), found.end());
  return found;
}

}  // namespace

TEST_CASE("audit spool: what was appended is there, also for the next run") {
  const test::TemporaryFolder folder;
  const auto at = folder.path() / "spool";
  {
    auto spool = Spool::open(at, kLimit).value();
    CHECK(spool.empty());
    REQUIRE(spool.append(test::records(0, 3)));
    REQUIRE(spool.append(test::records(3, 2)));
    CHECK(spool.oldest().value().records == test::records(0, 5));
    REQUIRE(spool.append(test::records(5, 1)));  // not into the file that was read
  }
  auto spool = Spool::open(at, kLimit).value();
  CHECK(spool.oldest().value().records == test::records(0, 5));
  REQUIRE(spool.drop_oldest());
  CHECK(spool.oldest().value().records == test::records(5, 1));
  REQUIRE(spool.drop_oldest());
  CHECK(spool.empty());
  CHECK(spool.bytes() == 0);
  CHECK(files(at).empty());
  REQUIRE(spool.append(test::records(6, 1)));
  CHECK(spool.oldest().value().records == test::records(6, 1));
}

TEST_CASE("audit spool: it is for its owner only") {
  const test::TemporaryFolder folder;
  auto spool = Spool::open(folder.path() / "spool", kLimit).value();
  REQUIRE(spool.append(test::records(0, 1)));
  using std::filesystem::perms;
  CHECK(std::filesystem::status(folder.path() / "spool").permissions() == perms::owner_all);
  CHECK(std::filesystem::status(files(folder.path() / "spool").at(0)).permissions() ==
        (perms::owner_read | perms::owner_write));
}

TEST_CASE("audit spool: a full one refuses an append as a whole") {
  const test::TemporaryFolder folder;
  const std::size_t line = audit::to_json(test::record(0)).size() + 1;
  auto spool = Spool::open(folder.path() / "spool", 5 * line).value();
  REQUIRE(spool.append(test::records(0, 4)));
  const auto full = spool.append(test::records(4, 2));
  REQUIRE_FALSE(full);
  CHECK_THAT(full.error().message, Contains("is full"));
  CHECK(spool.append(test::records(4, 1)));
  CHECK(spool.oldest().value().records == test::records(0, 5));
}

TEST_CASE("audit spool: a line that a crash left half-written is skipped, and nothing is added to it") {
  const test::TemporaryFolder folder;
  const auto at = folder.path() / "spool";
  { REQUIRE(Spool::open(at, kLimit).value().append(test::records(0, 2))); }
  std::ofstream(files(at).at(0), std::ios::app) << audit::to_json(test::record(2)).substr(0, 50);
  auto spool = Spool::open(at, kLimit).value();
  REQUIRE(spool.append(test::records(3, 1)));
  const auto part = spool.oldest().value();
  CHECK(part.records == test::records(0, 2));
  CHECK(part.unreadable == 1);
  REQUIRE(spool.drop_oldest());
  CHECK(spool.oldest().value().records == test::records(3, 1));
}

TEST_CASE("audit spool: files grow to a bound, and the oldest comes first") {
  const test::TemporaryFolder folder;
  auto spool = Spool::open(folder.path() / "spool", 64 << 20).value();
  audit::Record large = test::record(0);
  large.arguments.assign(audit::kLongestArguments, 'x');
  const std::vector<audit::Record> batch(80, large);
  for (int i = 0; i < 3; ++i) REQUIRE(spool.append(batch));
  CHECK(files(folder.path() / "spool").size() == 3);
}

TEST_CASE("audit spool: one process uses a folder") {
  const test::TemporaryFolder folder;
  const auto spool = Spool::open(folder.path() / "spool", kLimit).value();
  const auto second = Spool::open(folder.path() / "spool", kLimit);
  REQUIRE_FALSE(second);
  CHECK_THAT(second.error().message, Contains("used by another mcp-sidecar"));
  CHECK_FALSE(Spool::open(folder.path() / "no" / "spool", kLimit));
}
