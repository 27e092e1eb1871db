// SPDX-License-Identifier: Apache-2.0
//
// Scanning a body, 64 octets at a time.
//
// Each block becomes bit masks (octet_masks.h). In a block of ordinary text every LF follows a CR,
// every CR is followed by an LF, and there is no NUL and no high octet: one comparison says so, and
// all that is left to do is to measure the lines that end in it, one or two. Only a block with a
// surprise is looked at more closely, and only as long as that surprise is news.
#include "policy/message/body_scan.h"

#include <algorithm>
#include <bit>

#include "policy/base/text.h"
#include "policy/message/structured.h"

namespace icm {
namespace {

constexpr std::size_t longest_boundary = 70;  // RFC 2046 §5.1.1

// RFC 2046 §5.1.1: bchars, and no blank at the end.
bool is_legal_boundary(std::string_view boundary) {
  constexpr std::string_view others = "'()+_,-./:=? ";
  return !boundary.empty() && boundary.size() <= longest_boundary && boundary.back() != ' ' &&
         std::all_of(boundary.begin(), boundary.end(), [&](char c) {
           return is_alpha(c) || is_digit(c) || others.find(c) != std::string_view::npos;
         });
}

std::uint64_t count_bits(std::uint64_t mask) {
  return static_cast<std::uint64_t>(std::popcount(mask));
}

// The bits below `place`, which is at most 64.
std::uint64_t bits_below(std::size_t place) {
  return place < block_size ? (std::uint64_t{1} << place) - 1 : ~std::uint64_t{0};
}

// Writes down a line number where none stands yet.
void note_first(std::uint64_t& at, std::uint64_t places, std::uint64_t lf, std::uint64_t line) {
  if (at != 0 || places == 0) return;
  const auto place = static_cast<std::size_t>(std::countr_zero(places));
  at = line + count_bits(lf & bits_below(place));
}

}  // namespace

BodyScan::BodyScan(const HeaderList& headers) {
  const auto field = headers.first("Content-Type");
  if (!field) return;
  const auto type = parse_content_type(field->value);
  findings_.is_multipart = type ? type->type == "multipart"
                                : starts_with_ascii(trim(unfold(field->value)), "multipart/");
  if (!type || !findings_.is_multipart) return;
  const std::string boundary = type->parameter("boundary");
  findings_.has_boundary = is_legal_boundary(boundary);
  if (findings_.has_boundary) close_delimiter_ = "--" + boundary + "--";
}

void BodyScan::feed(std::string_view chunk) {
  if (chunk.empty()) return;
  findings_.size += chunk.size();
  const bool cr_before_last =
      chunk.size() > 1 ? chunk[chunk.size() - 2] == '\r' : position_.after_cr;
  findings_.ends_with_crlf = chunk.back() == '\n' && cr_before_last;
  if (matched_ != 0) match_delimiter(chunk);
  if (close_delimiter_.empty() || findings_.saw_closing_boundary) {
    scan<Boundary::ignored>(chunk);
  } else {
    scan<Boundary::wanted>(chunk);
  }
}

template <BodyScan::Boundary boundary>
void BodyScan::scan(std::string_view chunk) {
  // The tail is scanned in a block of its own, filled up with octets that mean nothing.
  std::array<char, block_size> tail;
  // Kept here so that the compiler may hold it in registers.
  Position position = position_;
  for (std::size_t begin = 0; begin < chunk.size(); begin += block_size) {
    const std::size_t size = std::min(block_size, chunk.size() - begin);
    const char* octets = chunk.data() + begin;
    if (size < block_size) {
      tail.fill(' ');
      std::copy_n(octets, size, tail.begin());
      octets = tail.data();
    }
    const Block block(octets);
    const OctetMasks masks = block.masks();
    if constexpr (boundary == Boundary::wanted) {
      const std::uint64_t line_starts = masks.lf << 1 | (position.line_length == 0 ? 1 : 0);
      for (std::uint64_t starts = line_starts; starts != 0; starts &= starts - 1) {
        const auto place = static_cast<std::size_t>(std::countr_zero(starts));
        if (octets[place] != '-') [[likely]]
          continue;
        matched_ = 0;
        match_delimiter(chunk.substr(begin + place));
      }
    }
    scan_block(masks, octets, size, position);
  }
  position_ = position;
}

inline void BodyScan::scan_block(const OctetMasks& masks, const char* octets, std::size_t size,
                                 Position& position) {
  const std::uint64_t after_cr = masks.cr << 1 | (position.after_cr ? 1 : 0);
  const std::uint64_t unpaired = (after_cr ^ masks.lf) & bits_below(size);
  if (unpaired != 0 || masks.has_nul || masks.has_eight_bit) [[unlikely]] {
    note(masks, after_cr, octets, size, position.line);
  }
  position.after_cr = (masks.cr >> (size - 1) & 1) != 0;
  if (masks.lf == 0) {
    position.line_length += size;
  } else {
    end_lines(masks.lf, after_cr, size, position);
  }
}

// Measures the lines that end in a block with LFs at `lf`.
inline void BodyScan::end_lines(std::uint64_t lf, std::uint64_t after_cr, std::size_t size,
                                Position& position) {
  // Octets from the beginning of the line to the beginning of the block; negative, modulo 2^64,
  // for a line that begins within it.
  std::uint64_t before_block = position.line_length;
  for (; lf != 0; lf &= lf - 1) {
    const auto place = static_cast<std::uint64_t>(std::countr_zero(lf));
    const std::uint64_t length = before_block + place - (after_cr >> place & 1);
    if (length > findings_.longest_line) {
      findings_.longest_line = length;
      findings_.longest_line_at = position.line;
    }
    ++position.line;
    before_block = 0 - (place + 1);
  }
  position.line_length = before_block + size;
}

// A block with a surprise: what in it is the first of its kind?
void BodyScan::note(const OctetMasks& masks, std::uint64_t after_cr, const char* octets,
                    std::size_t size, std::uint64_t line) {
  note_first(findings_.bare_lf_at, masks.lf & ~after_cr, masks.lf, line);
  // The bit stands on the octet behind the CR, which is on the same line as it.
  note_first(findings_.bare_cr_at, after_cr & ~masks.lf & bits_below(size), masks.lf, line);
  const Block block(octets);
  if (masks.has_nul && findings_.nul_at == 0) {
    note_first(findings_.nul_at, block.where('\0'), masks.lf, line);
  }
  if (masks.has_eight_bit && findings_.eight_bit_at == 0) {
    const char* const first = std::find_if(
        octets, octets + size, [](char c) { return static_cast<unsigned char>(c) > 127; });
    note_first(findings_.eight_bit_at, std::uint64_t{1} << (first - octets), masks.lf, line);
  }
}

// Goes on comparing a line with the delimiters, from its `matched_`th octet; a chunk that ends
// first leaves `matched_` for the next one. A legal boundary holds no line end, so that a match
// never leaves its line.
void BodyScan::match_delimiter(std::string_view rest) {
  const std::size_t delimiter_size = close_delimiter_.size() - 2;
  for (const char c : rest) {
    if (c != close_delimiter_[matched_]) {
      matched_ = 0;
      return;
    }
    ++matched_;
    if (matched_ == delimiter_size) findings_.saw_boundary = true;
    if (matched_ == close_delimiter_.size()) {
      findings_.saw_closing_boundary = true;
      matched_ = 0;
      return;
    }
  }
}

BodyFindings BodyScan::finish() {
  if (position_.line_length > findings_.longest_line) {
    findings_.longest_line = position_.line_length;
    findings_.longest_line_at = position_.line;
  }
  if (position_.after_cr && findings_.bare_cr_at == 0) findings_.bare_cr_at = position_.line;
  findings_.lines = position_.line - 1 + (position_.line_length > 0 ? 1 : 0);
  return findings_;
}

}  // namespace icm
