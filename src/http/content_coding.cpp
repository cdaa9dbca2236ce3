#include "http/content_coding.hpp"

#include <algorithm>
#include <stdexcept>
#include <zlib.h>

namespace sidecar::http {
namespace {

constexpr int kGzip = 16;                        // zlib: added to the window's size for RFC 1952
constexpr std::string_view kMagic = "\x1f\x8b";  // the first bytes of a member
constexpr std::size_t kTrailer = 4;              // bytes of ISIZE, the last field of a member
constexpr std::size_t kFirstGrowth = 4096;       // bytes, where the claim is too small
constexpr std::size_t kAtOnce = 256UL << 20;     // bytes; zlib counts in unsigned int

class Inflater {
 public:
  explicit Inflater(std::string_view input) {
    // NOLINTNEXTLINE(cppcoreguidelines-pro-type-const-cast): zlib only reads the input
    stream_.next_in = const_cast<Bytef*>(reinterpret_cast<const Bytef*>(input.data()));
    left_ = input.size();
    if (inflateInit2(&stream_, MAX_WBITS + kGzip) != Z_OK)
      throw std::runtime_error("zlib initialization failed");
  }
  ~Inflater() { inflateEnd(&stream_); }
  Inflater(const Inflater&) = delete;
  Inflater& operator=(const Inflater&) = delete;

  // Writes at most `room` bytes and returns their number. zlib's result is in `code`.
  std::size_t write(char* to, std::size_t room, int& code) {
    const auto in = static_cast<uInt>(std::min(left_, kAtOnce));
    const auto out = static_cast<uInt>(std::min(room, kAtOnce));
    stream_.avail_in = in;
    stream_.next_out = reinterpret_cast<Bytef*>(to);
    stream_.avail_out = out;
    code = inflate(&stream_, Z_NO_FLUSH);
    left_ -= in - stream_.avail_in;
    return out - stream_.avail_out;
  }
  bool at_end() const { return left_ == 0; }
  // A file may have further members (RFC 1952, section 2.2).
  void next_member() { inflateReset(&stream_); }

 private:
  z_stream stream_{};
  std::size_t left_ = 0;  // bytes of input
};

std::string_view next_coding(std::string_view& rest) {
  std::string_view coding = rest.substr(0, rest.find(','));
  rest.remove_prefix(std::min(coding.size() + 1, rest.size()));
  const auto blank = [](char c) { return c == ' ' || c == '\t'; };
  while (!coding.empty() && blank(coding.front())) coding.remove_prefix(1);
  while (!coding.empty() && blank(coding.back())) coding.remove_suffix(1);
  return coding;
}

}  // namespace

BodyCoding body_coding(const Head& head) {
  BodyCoding found = BodyCoding::kIdentity;
  if (!head.fields.find("Content-Encoding")) return found;  // cheaper, and most have none
  head.fields.for_each("Content-Encoding", [&found](std::string_view rest) {
    while (!rest.empty()) {
      const std::string_view coding = next_coding(rest);
      if (coding.empty() || same_name(coding, "identity")) continue;
      // RFC 9110, section 8.4.1.3: x-gzip is the same.
      const bool gzip = same_name(coding, "gzip") || same_name(coding, "x-gzip");
      found = gzip && found == BodyCoding::kIdentity ? BodyCoding::kGzip : BodyCoding::kUnsupported;
    }
  });
  return found;
}

std::size_t claimed_size(std::string_view gzipped) {
  std::size_t size = 0;
  if (!gzipped.starts_with(kMagic) || gzipped.size() < kMagic.size() + kTrailer) return size;
  for (std::size_t i = 0; i < kTrailer; ++i)
    size = size << 8 | static_cast<unsigned char>(gzipped[gzipped.size() - 1 - i]);
  return size;
}

tl::expected<std::string, GzipFault> inflated(std::string_view gzipped, std::size_t most) {
  const std::size_t claimed = claimed_size(gzipped);
  if (claimed > most) return tl::unexpected(GzipFault::kTooLarge);
  Inflater inflater(gzipped);
  std::string text;
  std::size_t size = 0;
  // One byte more than is claimed or allowed, to notice a text that is longer.
  const auto grow = [&text, most](std::size_t to) {
    to = std::min(to, most) + 1;
    text.reserve(to + kBodyPadding);
    text.resize(to);
  };
  grow(claimed);
  for (;;) {
    int code = Z_OK;
    size += inflater.write(text.data() + size, text.size() - size, code);
    if (size > most) return tl::unexpected(GzipFault::kTooLarge);
    if (code == Z_STREAM_END) {
      if (inflater.at_end()) break;
      inflater.next_member();
    } else if (code != Z_OK || (inflater.at_end() && size < text.size())) {
      return tl::unexpected(GzipFault::kMalformed);  // invalid, or truncated
    }
    if (size == text.size()) grow(std::max(2 * size, kFirstGrowth));
  }
  text.resize(size);
  return text;
}

}  // namespace sidecar::http
