// SPDX-License-Identifier: Apache-2.0
//
// How fast a body goes by. The figures are octets per second; memcpy of the same chunks stands
// beside them, since no scan can be expected to beat it by much.
#include <algorithm>
#include <cstring>
#include <string>

#include <benchmark/benchmark.h>

#include "policy/message/body_scan.h"

namespace icm {
namespace {

constexpr std::size_t chunk_size = 65535;  // what libmilter hands over at most

std::string body_of(std::string_view line) {
  std::string body;
  while (body.size() < (4u << 20)) body += line;
  return body;
}

void scan(benchmark::State& state, std::string_view line, std::string_view content_type) {
  const std::string body = body_of(line);
  HeaderList headers;
  headers.add("Content-Type", content_type);
  for (auto _ : state) {
    BodyScan scan(headers);
    for (std::size_t begin = 0; begin < body.size(); begin += chunk_size) {
      scan.feed(std::string_view(body).substr(begin, chunk_size));
    }
    benchmark::DoNotOptimize(scan.finish());
  }
  state.SetBytesProcessed(static_cast<std::int64_t>(state.iterations() * body.size()));
}

const std::string text = std::string(76, 'x') + "\r\n";
const std::string prose =
    "Short lines, long lines,\r\n\r\n" + std::string(70, 'y') + "\r\n- and dashes.\r\n";
const std::string utf8 = "Größe: " + std::string(60, 'z') + "\r\n";

BENCHMARK_CAPTURE(scan, lines_of_76, text, " text/plain");
BENCHMARK_CAPTURE(scan, lines_of_76_in_a_multipart, text, " multipart/mixed; boundary=b");
BENCHMARK_CAPTURE(scan, prose, prose, " text/plain");
BENCHMARK_CAPTURE(scan, prose_in_a_multipart, prose, " multipart/mixed; boundary=b");
BENCHMARK_CAPTURE(scan, eight_bit_text, utf8, " text/plain; charset=utf-8");
BENCHMARK_CAPTURE(scan, bare_lf, "line with a bare line feed\n", " text/plain");
BENCHMARK_CAPTURE(scan, empty_lines, "\r\n", " text/plain");
BENCHMARK_CAPTURE(scan, delimiter_like_lines, "--b\r\n", " multipart/mixed; boundary=b1");

void copy(benchmark::State& state) {
  const std::string body = body_of(text);
  std::string chunk(chunk_size, '\0');
  for (auto _ : state) {
    for (std::size_t begin = 0; begin < body.size(); begin += chunk_size) {
      std::memcpy(chunk.data(), body.data() + begin, std::min(chunk_size, body.size() - begin));
      benchmark::ClobberMemory();
    }
  }
  state.SetBytesProcessed(static_cast<std::int64_t>(state.iterations() * body.size()));
}
BENCHMARK(copy);

}  // namespace
}  // namespace icm
