#include "session/tool_pages.hpp"

#include <deque>
#include <fmt/format.h>

#include "support/catch.hpp"
#include "support/small_stack.hpp"

using namespace sidecar;
using End = session::ToolPages::End;

namespace {

mux::Answer page(std::string_view tools, std::string_view cursor = {}) {
  return mux::make_result(
      "1", cursor.empty() ? fmt::format(R"({{"tools":[{}]}})", tools)
                          : fmt::format(R"({{"tools":[{}],"nextCursor":{}}})", tools, cursor));
}

// A walk over the pages that `answer` returns, inside fetch().
struct Walked {
  explicit Walked(std::function<mux::Answer(std::size_t asked)> answer,
                  std::size_t most_pages = 1000, std::size_t most_bytes = 1 << 20) {
    session::ToolPages pages;
    pages.fetch = [this, answer](const std::string& params, mux::Reply::Deliver deliver) {
      requests.push_back(params);
      deliver(answer(requests.size()));
    };
    pages.page = [this](const std::string& text, const std::vector<jsonrpc::Span>& tools) {
      for (const jsonrpc::Span tool : tools) seen += tool.in(text);
      return seen.find("enough") == std::string::npos;
    };
    pages.done = [this](session::ToolPages::Outcome outcome) {
      ends.push_back(std::move(outcome));
    };
    pages.most_pages = most_pages;
    pages.most_bytes = most_bytes;
    session::walk(std::move(pages));
  }

  std::vector<std::string> requests;
  std::string seen;
  std::vector<session::ToolPages::Outcome> ends;
};

}  // namespace

TEST_CASE("tool_pages: cursors are followed to the page that has none") {
  const Walked walked([](std::size_t asked) {
    return asked < 3 ? page(std::to_string(asked), fmt::format(R"("c{}")", asked))
                     : page("3", "null");
  });
  CHECK(walked.requests ==
        std::vector<std::string>{"", R"({"cursor":"c1"})", R"({"cursor":"c2"})"});
  CHECK(walked.seen == "123");
  REQUIRE(walked.ends.size() == 1);
  CHECK(walked.ends[0].end == End::kAll);
}

TEST_CASE("tool_pages: a walk ends where it has seen enough") {
  const Walked walked([](std::size_t) { return page(R"("enough")", R"("more")"); });
  CHECK(walked.requests.size() == 1);
  CHECK(walked.ends.at(0).end == End::kEnough);
}

TEST_CASE("tool_pages: a cursor that comes again ends the list") {
  const auto cursors = [](std::vector<std::string> all) {
    return Walked([all](std::size_t asked) { return page("1", all[(asked - 1) % all.size()]); });
  };
  CHECK(cursors({R"("same")"}).requests.size() == 2);
  CHECK(cursors({R"("")"}).requests.size() == 2);
  CHECK(cursors({R"("a")", R"("b")", R"("c")"}).requests.size() == 4);
  CHECK(cursors({R"("a")", R"("b")"}).ends.at(0).end == End::kRepeats);
}

TEST_CASE("tool_pages: pages and bytes have limits, which the error names") {
  const auto endless = [](std::size_t asked) {
    return page(R"({"name":"t"})", std::to_string(asked));
  };
  const Walked long_one(endless);
  CHECK(long_one.requests.size() == session::kMaxPages);
  CHECK(long_one.ends.at(0).end == End::kNeverEnds);
  CHECK(long_one.ends.at(0).problem ==
        "the MCP server's tools/list does not end: it has more than 1000 pages");
  const Walked large(endless, 1000, 100);
  CHECK(large.requests.size() == 9);
  CHECK(large.ends.at(0).problem ==
        "the MCP server's tools/list is too large: what this caller may see of it has more than "
        "100 bytes");
}

TEST_CASE("tool_pages: a page that is none ends the walk with the reason") {
  const Walked failed([](std::size_t asked) {
    return asked == 1 ? page("1", "2")
                      : mux::make_failure(mux::Outcome::kTimeout, "1", -1, "too late");
  });
  CHECK(failed.ends.at(0).end == End::kFailed);
  CHECK(failed.ends.at(0).answer.message == "too late");
  for (const char* result : {"{}", R"({"tools":5})", R"({"tools":[],"tools":[]})"}) {
    INFO(result);
    const Walked walked([result](std::size_t) { return mux::make_result("1", result); });
    CHECK(walked.ends.at(0).end == End::kUnreadable);
    CHECK(walked.ends.at(0).problem.starts_with(
        "the MCP server's answer to tools/list cannot be used: "));
  }
}

TEST_CASE("tool_pages: a page that is dropped ends the walk without a word") {
  std::deque<mux::Reply::Deliver> asked;
  session::ToolPages pages;
  bool ended = false;
  pages.fetch = [&](const std::string&, mux::Reply::Deliver deliver) {
    asked.push_back(std::move(deliver));
  };
  pages.page = [](const std::string&, const std::vector<jsonrpc::Span>&) { return true; };
  pages.done = [&ended](const session::ToolPages::Outcome&) { ended = true; };
  session::walk(std::move(pages));
  REQUIRE(asked.size() == 1);
  asked.clear();
  CHECK_FALSE(ended);
}

TEST_CASE("tool_pages: 100,000 pages from memory fit a small stack") {
  constexpr std::size_t kPages = 100'000;
  const auto asked = test::on_small_stack([] {
    return Walked([](std::size_t n) { return page("1", n < kPages ? std::to_string(n) : ""); },
                  kPages + 1)
        .requests.size();
  });
  CHECK(asked == kPages);
}
