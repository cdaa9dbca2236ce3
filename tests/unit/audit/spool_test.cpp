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

// Whether all records were kept.
bool append(Spool& spool, std::vector<audit::Record> records,
            Spool::Room room = Spool::Room::kOfOwner) {
  return spool.append(records, room).has_value() && records.empty();
}

// Appends records of one size until one is refused; returns the number kept.
int fill(Spool& spool, const std::string& key) {
  audit::Record record = test::record(0);
  record.key = key;
  int kept = 0;
  while (append(spool, {record})) ++kept;
  return kept;
}

}  // namespace

TEST_CASE("audit spool: appended records survive a restart") {
  const test::TemporaryFolder folder;
  const auto at = folder.path() / "spool";
  {
    auto spool = Spool::open(at, kLimit).value();
    CHECK(spool.empty());
    REQUIRE(append(spool, test::records(0, 3)));
    REQUIRE(append(spool, test::records(3, 2)));
    CHECK(spool.oldest().value().records == test::records(0, 5));
    REQUIRE(append(spool, test::records(5, 1)));  // to a new file, because the first has been read
  }
  auto spool = Spool::open(at, kLimit).value();
  CHECK(spool.oldest().value().records == test::records(0, 5));
  REQUIRE(spool.drop_oldest());
  CHECK(spool.oldest().value().records == test::records(5, 1));
  REQUIRE(spool.drop_oldest());
  CHECK(spool.empty());
  CHECK(spool.bytes() == 0);
  CHECK(files(at).empty());
  REQUIRE(append(spool, test::records(6, 1)));
  CHECK(spool.oldest().value().records == test::records(6, 1));
}

TEST_CASE("audit spool: only its user may read it") {
  const test::TemporaryFolder folder;
  auto spool = Spool::open(folder.path() / "spool", kLimit).value();
  REQUIRE(append(spool, test::records(0, 1)));
  using std::filesystem::perms;
  CHECK(std::filesystem::status(folder.path() / "spool").permissions() == perms::owner_all);
  CHECK(std::filesystem::status(files(folder.path() / "spool").at(0)).permissions() ==
        (perms::owner_read | perms::owner_write));
}

TEST_CASE("audit spool: records beyond their owner's share are left, others are kept") {
  const test::TemporaryFolder folder;
  const std::size_t line = audit::to_json(test::record(0)).size() + 1;
  auto spool = Spool::open(folder.path() / "spool", 100 * line).value();
  CHECK(fill(spool, "alice") == 75);
  CHECK(spool.bytes() == 75 * line);
  auto mixed = test::records(0, 4);  // of alice and bob in turn
  const auto kept = spool.append(mixed).value();
  REQUIRE(kept.size() == 2);
  CHECK(kept[0] == test::record(1));
  CHECK(kept[1] == test::record(3));
  REQUIRE(mixed.size() == 2);
  CHECK(mixed[0] == test::record(0));
  CHECK(mixed[1] == test::record(2));
  CHECK(spool.oldest().value().records.back() == test::record(3));
}

TEST_CASE("audit spool: shares are known after a restart and free after deletion") {
  const test::TemporaryFolder folder;
  const auto at = folder.path() / "spool";
  const std::size_t line = audit::to_json(test::record(0)).size() + 1;
  {
    auto spool = Spool::open(at, 100 * line).value();
    CHECK(fill(spool, "alice") == 75);
  }
  auto spool = Spool::open(at, 100 * line).value();
  CHECK(spool.bytes() == 75 * line);
  spool.count_owners();
  CHECK(spool.bytes() == 75 * line);
  CHECK(fill(spool, "alice") == 0);
  CHECK(fill(spool, "bobby") == 18);
  while (!spool.empty()) REQUIRE(spool.drop_oldest());
  CHECK(spool.bytes() == 0);
  CHECK(fill(spool, "alice") == 75);
}

TEST_CASE("audit spool: beyond a number of owners, further owners share one account") {
  const test::TemporaryFolder folder;
  const std::size_t line = audit::to_json(test::record(0)).size() + 1;
  auto spool = Spool::open(folder.path() / "spool", 10'000 * line).value();
  std::vector<audit::Record> many;
  for (int i = 0; i < 1'001; ++i) {
    many.push_back(test::record(0));
    many.back().key = fmt::format("k{:04}", i);
  }
  REQUIRE(append(spool, many));
  const int kept = fill(spool, "new-1");
  CHECK(kept > 1'000);
  CHECK(fill(spool, "new-2") == 0);
  CHECK(fill(spool, "k0000") > 100);
}

TEST_CASE("audit spool: at shutdown one owner may use all of it, up to the limit") {
  const test::TemporaryFolder folder;
  const std::size_t line = audit::to_json(test::record(0)).size() + 1;
  auto spool = Spool::open(folder.path() / "spool", 100 * line).value();
  CHECK(fill(spool, "alice") == 75);
  std::vector<audit::Record> more(30, test::record(0));
  const auto kept = spool.append(more, Spool::Room::kAll).value();
  CHECK(kept.size() == 25);
  CHECK(more.size() == 5);
  CHECK(spool.bytes() == 100 * line);
}

TEST_CASE("audit spool: an incomplete last line is skipped, and its file gets no more records") {
  const test::TemporaryFolder folder;
  const auto at = folder.path() / "spool";
  {
    auto spool = Spool::open(at, kLimit).value();
    REQUIRE(append(spool, test::records(0, 2)));
  }
  std::ofstream(files(at).at(0), std::ios::app) << audit::to_json(test::record(2)).substr(0, 50);
  auto spool = Spool::open(at, kLimit).value();
  REQUIRE(append(spool, test::records(3, 1)));
  const auto part = spool.oldest().value();
  CHECK(part.records == test::records(0, 2));
  CHECK(part.unreadable == 1);
  REQUIRE(spool.drop_oldest());
  CHECK(spool.oldest().value().records == test::records(3, 1));
}

TEST_CASE("audit spool: a full file is followed by a new one") {
  const test::TemporaryFolder folder;
  auto spool = Spool::open(folder.path() / "spool", 64 << 20).value();
  audit::Record large = test::record(0);
  large.arguments.assign(audit::kMaxArguments, 'x');
  const std::vector<audit::Record> batch(80, large);
  for (int i = 0; i < 3; ++i) REQUIRE(append(spool, batch));
  CHECK(files(folder.path() / "spool").size() == 3);
}

TEST_CASE("audit spool: a folder in use is refused") {
  const test::TemporaryFolder folder;
  const auto spool = Spool::open(folder.path() / "spool", kLimit).value();
  const auto second = Spool::open(folder.path() / "spool", kLimit);
  REQUIRE_FALSE(second);
  CHECK_THAT(second.error().message, Contains("used by another mcp-sidecar"));
  CHECK_FALSE(Spool::open(folder.path() / "no" / "spool", kLimit));
}
