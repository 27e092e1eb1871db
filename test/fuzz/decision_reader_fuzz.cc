// SPDX-License-Identifier: Apache-2.0
//
// The decision log as a stream of hostile octets: cut into lines in pieces of changing size, each
// line read. Whatever is read must be readable again when only its views are looked at.
#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <numeric>
#include <string_view>

#include "milter/decision_reader.h"
#include "milter/line_cutter.h"

namespace {

std::size_t octets_of(const icm::DecisionRecord& record) {
  const auto add = [](std::size_t sum, std::string_view text) {
    return std::accumulate(text.begin(), text.end(), sum,
                           [](std::size_t s, char c) { return s + static_cast<unsigned char>(c); });
  };
  std::size_t sum = add(add(add(0, record.time), record.verdict), record.queue_id);
  for (const std::string_view address : record.recipients) sum = add(sum, address);
  for (const std::string_view address : record.from) sum = add(sum, address);
  for (const icm::FindingRecord& finding : record.findings) {
    sum = add(add(add(sum, finding.rule), finding.evidence), finding.fix);
  }
  return sum;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* octets, std::size_t size) {
  static icm::DecisionReader reader;
  static icm::DecisionRecord record;
  std::string_view stream(reinterpret_cast<const char*>(octets), size);
  icm::LineCutter cutter(size % 7 == 0 ? 100 : icm::longest_decision_line);
  std::uint64_t expected_number = 1;
  const auto take = [&](const icm::LineCutter::Line& line) {
    if (line.number != expected_number++) std::abort();
    if (line.text.find('\n') != std::string_view::npos) std::abort();
    if (line.too_long || !reader.read(line.text, record)) return;
    if (record.time.empty() || record.verdict.empty()) std::abort();
    volatile std::size_t sum = octets_of(record);
    (void)sum;
  };
  std::size_t piece = 1;
  while (!stream.empty()) {
    const auto room = cutter.room();
    const std::size_t count = std::min({piece, stream.size(), room.size()});
    std::copy_n(stream.begin(), count, room.begin());
    cutter.filled(count);
    stream.remove_prefix(count);
    piece = piece * 3 % 1021 + 1;
    while (const auto line = cutter.next()) take(*line);
  }
  if (const auto line = cutter.rest()) take(*line);
  return 0;
}
