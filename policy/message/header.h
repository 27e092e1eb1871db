// SPDX-License-Identifier: Apache-2.0
//
// HeaderList: the header fields of one message, octet by octet as they were received.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace icm {

// One field. `value` is everything after the colon up to the final CRLF, its leading blank and
// the CRLF of its folds included, so that name + ":" + value + CRLF are the octets on the wire.
// The views are valid until the HeaderList changes.
struct HeaderField {
  std::string_view name;
  std::string_view value;
};

// Not synchronised; belongs to one message. Copies are independent.
class HeaderList {
 public:
  // A bare LF in `value` becomes CRLF (libmilter hands folds over as LF); nothing else is changed.
  void add(std::string_view name, std::string_view value);

  std::size_t size() const { return slots_.size(); }
  bool empty() const { return slots_.empty(); }
  HeaderField operator[](std::size_t index) const;  // in the order of the message, top first

  std::size_t count(std::string_view name) const;  // names compare without case (RFC 5322 §1.2.2)
  std::optional<HeaderField> first(std::string_view name) const;
  std::vector<HeaderField> all(std::string_view name) const;

  // The first such field's value, unfolded and trimmed; empty when there is none.
  std::string text(std::string_view name) const;

  // Octets on the wire, colons and CRLF included.
  std::size_t wire_size() const { return octets_.size() + 3 * slots_.size(); }

 private:
  struct Slot {
    std::size_t begin;
    std::size_t name_size;
    std::size_t value_size;
  };
  std::string octets_;  // name, value, name, value …: one allocation for all fields
  std::vector<Slot> slots_;
};

}  // namespace icm
