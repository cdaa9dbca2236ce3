#include "util/start_pages.hpp"

#include <fstream>
#include <memory>
#include <string>

#include "support/catch.hpp"

namespace sidecar {
namespace {

// Resident pages that belong to files, in KB (proc_pid_status(5)).
std::size_t file_pages() {
  std::ifstream status("/proc/self/status");
  for (std::string word; status >> word;) {
    std::size_t size = 0;
    if (word == "RssFile:" && status >> size) return size;
  }
  return 0;
}

struct Base {
  virtual ~Base() = default;
  virtual std::string name() const = 0;
};
struct Derived : Base {
  std::string name() const override { return "derived"; }
};
const std::string kConstructed = "constructed before main";
const char* const kRelocated[] = {"one", "two"};

TEST_CASE("start pages: most pages of files are unmapped, and written data is kept") {
  const std::unique_ptr<Base> object = std::make_unique<Derived>();
  const std::size_t before = file_pages();
  release_start_pages();
  const std::size_t after = file_pages();
  CHECK(after > 0);
  CHECK(after < before * 2 / 3);
  CHECK(object->name() == "derived");
  CHECK(kConstructed == "constructed before main");
  CHECK(kRelocated[1] == std::string("two"));
}

}  // namespace
}  // namespace sidecar
