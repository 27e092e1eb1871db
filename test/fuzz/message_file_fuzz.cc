// SPDX-License-Identifier: Apache-2.0
//
// A message file of hostile octets, taken apart whole and in small pieces: both give the same, and
// the body ends with a line end.
#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "milter/ctl/message_file.h"

namespace {

class Recorder final : public icm::ctl::MessageSink {
 public:
  void header(std::string_view name, std::string_view value) override {
    if (in_body_ || name.empty() || name.find(':') != std::string_view::npos) std::abort();
    fields_ += std::string(name) + ":" + std::string(value) + "\r\n";
  }
  void end_of_header() override {
    if (in_body_) std::abort();
    in_body_ = true;
  }
  void body(std::string_view chunk) override {
    if (!in_body_ || chunk.empty()) std::abort();
    body_ += chunk;
  }
  void check_end() const {
    if (!in_body_ || (!body_.empty() && body_.back() != '\n')) std::abort();
  }
  bool got_the_same_as(const Recorder& other) const {
    return fields_ == other.fields_ && body_ == other.body_;
  }

 private:
  bool in_body_ = false;
  std::string fields_;
  std::string body_;
};

Recorder split(std::string_view file, std::size_t piece, std::size_t longest_field) {
  Recorder recorder;
  icm::ctl::MessageSplitter splitter(recorder, longest_field);
  while (!file.empty()) {
    splitter.feed(file.substr(0, piece));
    file.remove_prefix(std::min(piece, file.size()));
  }
  splitter.finish();
  recorder.check_end();
  return recorder;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* octets, std::size_t size) {
  const std::string_view file(reinterpret_cast<const char*>(octets), size);
  for (const std::size_t longest_field : {20u, 1u << 20}) {
    const Recorder whole = split(file, std::max<std::size_t>(size, 1), longest_field);
    for (const std::size_t piece : {1u, 7u}) {
      if (!split(file, piece, longest_field).got_the_same_as(whole)) std::abort();
    }
  }
  return 0;
}
