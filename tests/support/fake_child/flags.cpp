#include "flags.hpp"

#include <cstdlib>
#include <map>

namespace fake {

namespace {

std::map<std::string, std::string> flags;

}  // namespace

bool has(const char* name) { return flags.count(name) != 0; }
std::string text_of(const char* name) { return has(name) ? flags[name] : ""; }
int number_of(const char* name, int otherwise) {
  return has(name) ? std::atoi(flags[name].c_str()) : otherwise;
}

void read_flags(int argc, char** argv) {
  for (int i = 1; i < argc; ++i) {
    const std::string flag = argv[i];
    const std::size_t equals = flag.find('=');
    flags[flag.substr(0, equals)] = equals == std::string::npos ? "" : flag.substr(equals + 1);
  }
}

}  // namespace fake
