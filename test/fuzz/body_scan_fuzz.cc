// SPDX-License-Identifier: Apache-2.0
//
// Any body, cut anywhere, shows BodyScan what it shows a reader of single octets. The first octet
// of the input sets the size of the chunks and whether the body is a multipart.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "test/fuzz/demand.h"
#include "test/support/slow_body_reader.h"

namespace icm {
namespace {

void check(std::uint8_t control, std::string_view body) {
  const bool is_multipart = (control & 1) != 0;
  HeaderList headers;
  if (is_multipart) headers.add("Content-Type", " multipart/mixed; boundary=\"b-\"");
  const BodyFindings expected = read_slowly(body, is_multipart ? "b-" : "");

  for (const MaskReader reader : mask_readers()) {
    BodyScan whole(headers, reader);
    whole.feed(body);
    demand(whole.finish() == expected, "a body in one chunk");
  }

  BodyScan cut(headers);
  const std::size_t chunk_size = 1 + (control >> 1);
  for (std::size_t begin = 0; begin < body.size(); begin += chunk_size) {
    cut.feed(body.substr(begin, chunk_size));
  }
  demand(cut.finish() == expected, "a body in chunks");
}

}  // namespace
}  // namespace icm

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  icm::check(data[0], {reinterpret_cast<const char*>(data) + 1, size - 1});
  return 0;
}
