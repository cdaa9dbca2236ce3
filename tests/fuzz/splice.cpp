// Replacing the id in a message changes no other byte, and the reverse restores the text.
#include "jsonrpc/splice.hpp"

#include <cstdint>
#include <cstdlib>

namespace {

void require(bool holds) {
  if (!holds) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace sidecar;
  const auto message = jsonrpc::parse(std::string(reinterpret_cast<const char*>(data), size));
  if (!message) return 0;
  const std::string& text = message->text;
  const jsonrpc::Span id = message->envelope.id;
  const jsonrpc::Span token = message->envelope.progress_token;
  const std::string there = jsonrpc::splice(text, {{id, "123456789"}, {token, "7"}});
  require(jsonrpc::splice_in_place(text, {{id, "123456789"}, {token, "7"}}) == there);
  const auto spliced = jsonrpc::parse(there);
  require(spliced.has_value());
  require(spliced->kind() == message->kind());
  if (id) require(spliced->id() == "123456789");
  if (token) require(spliced->envelope.progress_token.in(there) == "7");

  const std::string back = jsonrpc::splice(
      there,
      {{spliced->envelope.progress_token, token.in(text)}, {spliced->envelope.id, id.in(text)}});
  require(back == text);
  return 0;
}
