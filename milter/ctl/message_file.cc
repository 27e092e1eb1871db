// SPDX-License-Identifier: Apache-2.0
#include "milter/ctl/message_file.h"

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <utility>
#include <vector>

#include <unistd.h>

#include "policy/base/handle.h"
#include "policy/base/text.h"

namespace icm::ctl {
namespace {

using File = Handle<std::FILE, &std::fclose>;

// What a milter gets at most (libmilter's MILTER_CHUNK_SIZE and one), and what decides line ends.
constexpr std::size_t chunk_size = 64u << 10;

// How many octets of `line` are a field name (RFC 5322 §2.2, and §4.5 for blanks before the colon);
// 0 when the line begins no field. What may stand in a name is what Postfix takes: any printable
// ASCII but the colon.
std::size_t name_size(std::string_view line) {
  std::size_t size = 0;
  while (size < line.size() && line[size] > ' ' && line[size] < 0x7f && line[size] != ':') ++size;
  std::size_t colon = size;
  while (colon < line.size() && is_wsp(line[colon])) ++colon;
  return colon < line.size() && line[colon] == ':' ? size : 0;
}

}  // namespace

void MessageSplitter::feed(std::string_view chunk) {
  if (line_ends_ != LineEnds::undecided) {
    split(chunk);
    return;
  }
  const std::size_t taken = std::min(chunk.size(), chunk_size - beginning_.size());
  beginning_ += chunk.substr(0, taken);
  if (beginning_.size() < chunk_size) return;
  decide();
  split(chunk.substr(taken));
}

void MessageSplitter::decide() {
  const bool has_crlf = beginning_.find("\r\n") != std::string::npos;
  line_ends_ = has_crlf ? LineEnds::crlf : LineEnds::lf;
  split(beginning_);
  std::string().swap(beginning_);
}

void MessageSplitter::finish() {
  if (line_ends_ == LineEnds::undecided) decide();
  if (part_ == Part::header && !line_.empty()) end_header_line("");
  if (part_ == Part::header) begin_body();
  if (last_octet_ != '\n') sink_.body("\r\n");
}

void MessageSplitter::split(std::string_view octets) {
  while (part_ == Part::header && !octets.empty()) {
    const std::size_t feed = octets.find('\n');
    const bool is_whole = feed != std::string_view::npos;
    line_ += octets.substr(0, feed);
    octets.remove_prefix(is_whole ? feed + 1 : octets.size());
    const bool is_too_long = line_.size() > longest_field_;
    if (is_too_long && is_of_header()) line_.resize(longest_field_);
    if (is_whole || (is_too_long && !is_of_header())) end_header_line(is_whole ? "\n" : "");
  }
  if (part_ == Part::body) body(octets);
}

// Whether the line can be a field or the fold of one. Only as many octets are looked at as a field
// may have, so that the answer does not depend on how the file is read.
bool MessageSplitter::is_of_header() const {
  if (!field_.empty() && !line_.empty() && is_wsp(line_.front())) return true;
  return name_size(std::string_view(line_).substr(0, longest_field_)) > 0;
}

void MessageSplitter::end_header_line(std::string_view line_end) {
  const bool was_first_line = is_first_line_;
  is_first_line_ = false;
  const std::string line = std::exchange(line_, {});
  std::string_view text = line;
  if (!line_end.empty() && text.ends_with('\r')) text.remove_suffix(1);

  if (text.empty()) {
    begin_body();
  } else if (!field_.empty() && is_wsp(text.front())) {
    field_ += '\n';
    field_ += text;
    field_.resize(std::min(field_.size(), longest_field_));
  } else if (name_size(text.substr(0, longest_field_)) > 0) {
    flush_field();
    field_ = text.substr(0, longest_field_);
  } else if (!was_first_line || !(text.starts_with("From ") || text.starts_with(">From "))) {
    begin_body();
    body(line);
    body(line_end);
  }
}

void MessageSplitter::flush_field() {
  if (field_.empty()) return;
  const std::string_view field = field_;
  sink_.header(field.substr(0, name_size(field)), field.substr(field.find(':') + 1));
  field_.clear();
}

void MessageSplitter::begin_body() {
  flush_field();
  part_ = Part::body;
  sink_.end_of_header();
}

void MessageSplitter::body(std::string_view octets) {
  std::string converted;
  if (line_ends_ == LineEnds::lf) {
    for (const char octet : octets) {
      if (octet == '\n' && last_octet_ != '\r') converted += '\r';
      converted += last_octet_ = octet;
    }
    octets = converted;
  }
  if (octets.empty()) return;
  last_octet_ = octets.back();
  for (; !octets.empty(); octets.remove_prefix(std::min(chunk_size, octets.size()))) {
    sink_.body(octets.substr(0, chunk_size));
  }
}

Status read_octets(const std::string& path, const std::function<bool(std::string_view)>& take) {
  const bool is_standard_input = path == "-";
  const File file(is_standard_input ? nullptr : std::fopen(path.c_str(), "rbe"));
  const auto failed = [&](std::string_view what) {
    return fail(Code::permanent, fmt::format("{}: {}: {}", path, what, std::strerror(errno)));
  };
  if (!file && !is_standard_input) return failed("cannot open the message");
  const int descriptor = is_standard_input ? STDIN_FILENO : fileno(file.get());
  std::vector<char> chunk(chunk_size);
  for (;;) {
    const ssize_t count = read(descriptor, chunk.data(), chunk.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return failed("cannot read the message");
    if (count == 0) return {};
    if (!take({chunk.data(), static_cast<std::size_t>(count)})) return {};
  }
}

Status read_message(const std::string& path, std::size_t longest_field, MessageSink& sink) {
  MessageSplitter splitter(sink, longest_field);
  ICM_CHECK(read_octets(path, [&](std::string_view chunk) {
    splitter.feed(chunk);
    return true;
  }));
  splitter.finish();
  return {};
}

}  // namespace icm::ctl
