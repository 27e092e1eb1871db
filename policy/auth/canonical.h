// SPDX-License-Identifier: Apache-2.0
//
// The canonical forms of RFC 6376 §3.4, for header fields and for a body that streams by.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "policy/message/header.h"

namespace icm {

enum class Canonicalization { simple, relaxed };
std::string_view to_string(Canonicalization form);

// Appends one field in canonical form, its CRLF included (§3.4.1, §3.4.2).
void append_canonical_header(std::string& to, const HeaderField& field, Canonicalization form);

// Turns a body into its canonical form chunk by chunk (§3.4.3, §3.4.4). Any chunking gives the same
// octets. Memory is bounded: line ends and blanks that may yet turn out to be trailing ones are
// counted, not kept. Not synchronised.
class BodyCanonicalizer {
 public:
  // `sink` gets pieces of the canonical body in order; the views live for the call only.
  using Sink = std::function<void(std::string_view)>;

  BodyCanonicalizer(Canonicalization form, Sink sink);

  void feed(std::string_view chunk);

  // After the last chunk: writes what is still owed.
  void finish();

 private:
  void feed_simple(std::string_view chunk);
  void feed_relaxed(std::string_view chunk);
  void write_empty_lines();
  void put(char c);
  void put(std::string_view text);
  void flush();

  Canonicalization form_;
  Sink sink_;
  std::string buffer_;             // canonical octets on their way to the sink
  std::uint64_t empty_lines_ = 0;  // CRLFs held back, the last text line's own included
  bool any_ = false;               // something was written
  bool pending_blank_ = false;  // relaxed: a run of blanks, written as one space when text follows
  bool pending_cr_ = false;     // a CR whose LF may be in the next chunk
};

}  // namespace icm
