// SPDX-License-Identifier: Apache-2.0
#include "policy/learning/reply_samples.h"

#include <fmt/format.h>

#include "policy/base/keyed_hash.h"
#include "policy/base/text.h"

namespace icm {
namespace {

constexpr std::size_t longest_reply = 1000;

// Digits, and words that have some, become "#": what a server counts, or calls a session.
std::string shape_of(const ReceivedReply& reply) {
  std::string shape = fmt::format("{} {}", reply.code, reply.enhanced_code);
  const std::string words = words_without_addresses(reply.text);
  for (const std::string_view word : split(words, ' ')) {
    const bool has_digit = word.find_first_of("0123456789") != std::string_view::npos;
    shape += has_digit ? " #" : " " + lower_ascii(word);
  }
  return shape;
}

}  // namespace

std::string reply_line(const ReceivedReply& reply) {
  std::string text;
  if (reply.code != 0) text += fmt::format("{} ", reply.code);
  if (!reply.enhanced_code.empty()) text += reply.enhanced_code + " ";
  text += reply.text;
  // Where the words were cut short, what Apple's postmaster asks for is kept.
  const bool lacks_id =
      !reply.transaction_id.empty() && reply.text.find(reply.transaction_id) == std::string::npos;
  if (lacks_id) text += " Txn ID " + reply.transaction_id;
  return for_log(text, longest_reply - 3);
}

Status note_sample(ReplyBook& book, std::string_view entry, const ReceivedReply& reply,
                   std::string_view line, std::string_view queue_id, WallTime time) {
  static const KeyedHash hash({0x69636d2d73616d70, 0x6c65732d30303031});
  const std::string id = for_log(queue_id, 100);
  ICM_TRY(Query query,
          book.query("INSERT INTO sample VALUES (?1, ?2, ?3, ?4, ?5, ?5, 1) ON CONFLICT DO UPDATE"
                     " SET hits = hits + 1, last = max(last, excluded.last),"
                     " reply = excluded.reply, queue_id = excluded.queue_id"));
  query.bind(1, static_cast<std::int64_t>(hash(shape_of(reply)))).bind(2, line).bind(3, entry);
  return query.bind(4, id).bind(5, stored(time)).run();
}

Result<std::vector<ReplySample>> reply_samples(ReplyBook& book, int most) {
  std::vector<ReplySample> samples;
  ICM_TRY(Query query, book.query("SELECT reply, entry, queue_id, first, last, hits FROM sample"
                                  " ORDER BY last DESC, digest LIMIT ?1"));
  query.bind(1, std::int64_t{most});
  for (;;) {
    ICM_TRY(const bool is_row, query.step());
    if (!is_row) return samples;
    samples.push_back({.reply = std::string(query.text(0)),
                       .entry = std::string(query.text(1)),
                       .queue_id = std::string(query.text(2)),
                       .first = stored_time(query.number(3)),
                       .last = stored_time(query.number(4)),
                       .count = query.number(5)});
  }
}

}  // namespace icm
