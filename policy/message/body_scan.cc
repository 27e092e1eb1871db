// SPDX-License-Identifier: Apache-2.0
//
// Scanning a body, 64 octets at a time.
//
// Each block becomes bit masks (octet_masks.h), some blocks at a time. In a block of ordinary text
// every LF follows a CR, every CR is followed by an LF, and there is no NUL and no high octet: one
// comparison says so, and all that is left to do is to measure the lines that end in it, one or
// two. Only a block with a surprise is looked at more closely, and only as long as that surprise is
// news.
#include "policy/message/body_scan.h"

#include <algorithm>
#include <array>
#include <bit>

#include "policy/base/text.h"
#include "policy/message/structured.h"

namespace icm {
namespace {

constexpr std::size_t longest_boundary = 70;  // RFC 2046 §5.1.1
constexpr std::size_t blocks_at_once = 32;    // whose masks stay in the first cache

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

BodyScan::BodyScan(const HeaderList& headers, MaskReader reader) : reader_(reader) {
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
  std::array<OctetMasks, blocks_at_once> masks;
  // Kept here so that the compiler may hold it in registers.
  Position position = position_;
  while (!chunk.empty()) {
    const std::size_t size = std::min(chunk.size(), blocks_at_once * block_size);
    const RareOctets rare = news_of(read_masks(chunk.substr(0, size), masks.data()));
    for (std::size_t i = 0; i * block_size < size; ++i) {
      const std::string_view rest = chunk.substr(i * block_size);
      if constexpr (boundary == Boundary::wanted) find_delimiters(masks[i], rest, position);
      scan_block(masks[i], rare, rest.substr(0, block_size), position);
    }
    chunk.remove_prefix(size);
  }
  position_ = position;
}

RareOctets BodyScan::read_masks(std::string_view octets, OctetMasks* masks) const {
  const std::size_t whole = octets.size() / block_size;
  RareOctets rare = reader_(octets.data(), whole, masks);
  octets.remove_prefix(whole * block_size);
  if (octets.empty()) return rare;
  // A last block is filled up with octets that mean nothing.
  std::array<char, block_size> tail;
  tail.fill(' ');
  std::copy(octets.begin(), octets.end(), tail.begin());
  const RareOctets of_tail = reader_(tail.data(), 1, masks + whole);
  return {.nul = rare.nul || of_tail.nul, .eight_bit = rare.eight_bit || of_tail.eight_bit};
}

// Those of which none was seen before.
RareOctets BodyScan::news_of(RareOctets rare) const {
  return {.nul = rare.nul && findings_.nul_at == 0,
          .eight_bit = rare.eight_bit && findings_.eight_bit_at == 0};
}

// `rest` begins with the block that `masks` are of.
inline void BodyScan::find_delimiters(const OctetMasks& masks, std::string_view rest,
                                      const Position& position) {
  std::uint64_t starts = masks.lf << 1 | (position.line_length == 0 ? 1 : 0);
  for (; starts != 0; starts &= starts - 1) {
    const auto place = static_cast<std::size_t>(std::countr_zero(starts));
    if (place >= rest.size()) return;
    if (rest[place] != '-') [[likely]]
      continue;
    matched_ = 0;
    match_delimiter(rest.substr(place));
  }
}

inline void BodyScan::scan_block(const OctetMasks& masks, RareOctets rare, std::string_view block,
                                 Position& position) {
  const std::uint64_t after_cr = masks.cr << 1 | (position.after_cr ? 1 : 0);
  const std::uint64_t unpaired = (after_cr ^ masks.lf) & bits_below(block.size());
  if (unpaired != 0 || rare.nul || rare.eight_bit) [[unlikely]] {
    note(masks, rare, after_cr, block, position.line);
  }
  position.after_cr = (masks.cr >> (block.size() - 1) & 1) != 0;
  if (masks.lf == 0) {
    position.line_length += block.size();
  } else {
    end_lines(masks.lf, after_cr, block.size(), position);
  }
}

// Measures the lines that end in a block with LFs at `lf`.
inline void BodyScan::end_lines(std::uint64_t lf, std::uint64_t after_cr, std::size_t size,
                                Position& position) {
  const auto end_of = [&](std::uint64_t ends) {
    const auto place = static_cast<std::uint64_t>(std::countr_zero(ends));
    // Of a line that begins within the block line_length is negative, modulo 2^64.
    const std::uint64_t length = position.line_length + place - (after_cr >> place & 1);
    if (length > findings_.longest_line) {
      findings_.longest_line = length;
      findings_.longest_line_at = position.line;
    }
    ++position.line;
    position.line_length = 0 - (place + 1);
  };
  end_of(lf);
  lf &= lf - 1;
  if (lf != 0 && findings_.longest_line >= block_size) {
    // Lines within a block are shorter than that: they are counted only.
    position.line += count_bits(lf);
    position.line_length = 0 - static_cast<std::uint64_t>(std::bit_width(lf));
  } else {
    for (; lf != 0; lf &= lf - 1) end_of(lf);
  }
  position.line_length += size;
}

// A block with a surprise: what in it is the first of its kind?
void BodyScan::note(const OctetMasks& masks, RareOctets rare, std::uint64_t after_cr,
                    std::string_view block, std::uint64_t line) {
  note_first(findings_.bare_lf_at, masks.lf & ~after_cr, masks.lf, line);
  // The bit stands on the octet behind the CR, which is on the same line as it.
  note_first(findings_.bare_cr_at, after_cr & ~masks.lf & bits_below(block.size()), masks.lf, line);
  const auto note_octet = [&](std::uint64_t& at, auto is_meant) {
    const auto found = std::ranges::find_if(block, is_meant);
    if (at != 0 || found == block.end()) return;
    note_first(at, std::uint64_t{1} << (found - block.begin()), masks.lf, line);
  };
  if (rare.nul) note_octet(findings_.nul_at, [](char c) { return c == '\0'; });
  if (rare.eight_bit) {
    note_octet(findings_.eight_bit_at, [](char c) { return static_cast<unsigned char>(c) > 127; });
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
