#include "child/command.hpp"

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sys/stat.h>

#include "support/catch.hpp"

using namespace sidecar;
using child::find_command;
using child::Launch;

namespace {

// A temporary folder with some files to run.
struct Folder {
  Folder() {
    std::string name = "/tmp/sidecar-command-XXXXXX";
    path = ::mkdtemp(name.data());
    std::filesystem::create_directory(path + "/bin");
    write("bin/tool", "#!/bin/sh\n", 0755);
    write("bin/plain", "no program\n", 0644);
    write("bin/orphan", "#! /no/such/interpreter -x\n", 0755);
    write("bin/windows", "#!/bin/sh\r\n", 0755);
    std::filesystem::create_directory(path + "/bin/folder");
  }
  ~Folder() { std::filesystem::remove_all(path); }
  void write(const std::string& name, const std::string& text, mode_t mode) {
    std::ofstream(path + "/" + name) << text;
    ::chmod((path + "/" + name).c_str(), mode);
  }
  Result<std::string> find(const std::string& name, const std::string& directory = {}) const {
    return find_command(
        Launch{{name, "argument"}, {"HOME=/", "PATH=/nowhere:" + path + "/bin"}, directory});
  }
  std::string path;
};

}  // namespace

TEST_CASE("command: a name is searched in the PATH of the child's environment") {
  const Folder folder;
  CHECK(folder.find("tool").value() == folder.path + "/bin/tool");
  CHECK(folder.find("sh").error().message == "sh: No such file or directory");
}

TEST_CASE("command: without a PATH the usual folders are searched") {
  CHECK(find_command(Launch{{"sh"}, {}, {}}).value() == "/bin/sh");
}

TEST_CASE("command: a path is not searched, and is relative to the working directory") {
  const Folder folder;
  CHECK(folder.find(folder.path + "/bin/tool").value() == folder.path + "/bin/tool");
  CHECK(folder.find("bin/tool", folder.path).value() == folder.path + "/bin/tool");
  CHECK(folder.find("bin/tool").error().message == "bin/tool: No such file or directory");
}

TEST_CASE("command: a file that cannot be run is refused with the reason") {
  const Folder folder;
  CHECK(folder.find("plain").error().message == "plain: Permission denied");
  CHECK(folder.find(folder.path + "/bin").error().message == folder.path + "/bin: Is a directory");
  CHECK(folder.find("folder").error().message == "folder: No such file or directory");
  CHECK(folder.find("").error().message == ": No such file or directory");
  CHECK(folder.find("orphan").error().message ==
        "orphan: its interpreter /no/such/interpreter: No such file or directory");
}

TEST_CASE(
    "command: a program's name with blanks is explained, because mostly it is a whole command") {
  CHECK(Folder().find("node server.js").error().message ==
        "node server.js: No such file or directory (this is one word: put quotes around words, not "
        "around the whole command)");
}

TEST_CASE("command: a missing working directory is named") {
  const Folder folder;
  CHECK(folder.find("tool", "/no/where").error().message ==
        "working directory /no/where: No such file or directory");
  CHECK(folder.find("tool", folder.path + "/bin/tool").error().message ==
        "working directory " + folder.path + "/bin/tool: Not a directory");
}
