#include "jsonrpc/tree.hpp"

#include "support/catch.hpp"

using namespace sidecar;
using jsonrpc::Tree;

namespace {

// "key=text" of the children of `at`, in their order.
std::vector<std::string> children(const Tree& tree, Tree::Index at) {
  std::vector<std::string> found;
  for (Tree::Index child = Tree::first(at); child != tree.end(at); child = tree.end(child))
    found.push_back(tree.key(child) + "=" + std::string(tree.text(child)));
  return found;
}

using List = std::vector<std::string>;

}  // namespace

TEST_CASE("tree: every value has the bytes that the text has") {
  const std::string text =
      R"( {"a" : 1.10,"b":[1e400, -0 ,"x,]}\"", {}],"c":{"d":null , "e":true},"f":"g:h"} )";
  const Tree tree(text);
  CHECK(tree.size() == 11);
  CHECK(tree.type(Tree::kRoot) == Tree::Type::kObject);
  CHECK(children(tree, Tree::kRoot) == List{"a=1.10", R"(b=[1e400, -0 ,"x,]}\"", {}])",
                                            R"(c={"d":null , "e":true})", R"(f="g:h")"});
  CHECK(children(tree, 2) == List{"=1e400", "=-0", R"(="x,]}\"")", "={}"});
  CHECK(children(tree, 7) == List{"d=null", "e=true"});
  CHECK(tree.type(3) == Tree::Type::kNumber);
  CHECK(tree.type(5) == Tree::Type::kString);
  CHECK(tree.string(5) == R"(x,]}")");
  CHECK(tree.type(6) == Tree::Type::kObject);
  CHECK(children(tree, 6).empty());
  CHECK(tree.type(8) == Tree::Type::kNull);
  CHECK(tree.type(9) == Tree::Type::kBoolean);
  CHECK(tree.depth(Tree::kRoot) == 0);
  CHECK(tree.depth(9) == 2);
}

TEST_CASE("tree: names are available without escapes, and as written") {
  const std::string text = R"({"\u0061\/b":1,"":2,"\ud800":3,"c":"d" , "e" :"f"})";
  const Tree tree(text);
  CHECK(children(tree, Tree::kRoot) ==
        List{"a/b=1", "=2", R"("\ud800"=3)", R"(c="d")", R"(e="f")"});
  CHECK(tree.key_token(1) == R"("\u0061\/b")");
  CHECK(tree.key_token(2) == R"("")");
  CHECK(tree.key_token(Tree::kRoot).empty());
}

TEST_CASE("tree: one scalar is a tree, and depth costs no stack") {
  CHECK(Tree("12").text(Tree::kRoot) == "12");
  CHECK(Tree("\"\"").string(Tree::kRoot).empty());
  const std::string deep = std::string(200'000, '[') + std::string(200'000, ']');
  const Tree tree(deep);
  CHECK(tree.size() == 200'000);
  CHECK(tree.text(Tree::kRoot).size() == deep.size());
  CHECK(tree.depth(199'999) == 199'999);
  CHECK(tree.end(199'999) == 200'000);
}
