// SPDX-License-Identifier: Apache-2.0
//
// A message from a file, taken apart as the mail server takes it apart for a milter: header fields,
// then body chunks. Streamed: memory does not depend on the size of the message.
//
// Line ends. A file whose first 64 KiB hold a CRLF is what went over the wire: in the body only
// CRLF ends a line, and a bare LF stays one. In any other file LF ends a line, as on this system,
// and becomes CRLF. A bare CR stays what it is in both. In the header LF ends a line in both, as it
// does for Postfix and Sendmail.
// A "From " line of an mbox at the very top is passed over. A line in the header that is no field
// ends the header and is the first of the body, as with Postfix.
#pragma once

#include <cstddef>
#include <functional>
#include <string>
#include <string_view>

#include "policy/base/result.h"

namespace icm::ctl {

// Gets a message in the order in which a milter would: fields, the end of the header, the body.
class MessageSink {
 public:
  virtual ~MessageSink() = default;

  // `name` without blanks before the colon; `value` with its leading blank and LF at folds, as
  // libmilter gives them.
  virtual void header(std::string_view name, std::string_view value) = 0;
  virtual void end_of_header() = 0;
  virtual void body(std::string_view chunk) = 0;
};

// Any chunking gives the sink the same fields and the same body. Not synchronised.
class MessageSplitter {
 public:
  // Octets of a field beyond `longest_field` are dropped; nothing of the body ever is.
  MessageSplitter(MessageSink& sink, std::size_t longest_field)
      : sink_(sink), longest_field_(longest_field) {}

  void feed(std::string_view chunk);

  // The file ended. A last line without an end gets one: SMTP knows no other lines.
  void finish();

 private:
  enum class LineEnds { undecided, lf, crlf };
  enum class Part { header, body };

  void decide();
  void split(std::string_view octets);
  bool is_of_header() const;
  void end_header_line(std::string_view line_end);
  void flush_field();
  void begin_body();
  void body(std::string_view octets);

  MessageSink& sink_;
  std::size_t longest_field_;
  LineEnds line_ends_ = LineEnds::undecided;
  Part part_ = Part::header;
  std::string beginning_;  // of the file, until the line ends are decided
  bool is_first_line_ = true;
  std::string line_;        // of the header, as far as it has come
  std::string field_;       // the lines of the field so far, LF between them
  char last_octet_ = '\n';  // of the body
};

// Reads `path`, "-" being standard input, in pieces of 64 KiB at most, to its end or until `take`
// says that it wants no more.
[[nodiscard]] Status read_octets(const std::string& path,
                                 const std::function<bool(std::string_view)>& take);

// Reads a whole message from `path`, "-" being standard input, and hands it to `sink`.
[[nodiscard]] Status read_message(const std::string& path, std::size_t longest_field,
                                  MessageSink& sink);

}  // namespace icm::ctl
