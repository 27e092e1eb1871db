// SPDX-License-Identifier: Apache-2.0
#include "policy/learning/book_hashing.h"

#include <string>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "policy/base/mailbox.h"
#include "policy/base/text.h"
#include "policy/store/address_hashing.h"

namespace icm {
namespace {

constexpr std::string_view key_place = "hash key";  // beside the names of sources

struct PlainHit {
  std::string address;
  std::string cause;
  std::string reply;
};

Status hash_hits(ReplyBook& book, const AddressForms& forms, const AppleDomains& apple) {
  std::vector<PlainHit> hits;
  {
    ICM_TRY(Query query, book.query("SELECT address, cause, reply FROM hit"));
    for (;;) {
      ICM_TRY(const bool is_row, query.step());
      if (!is_row) break;
      hits.push_back(
          {std::string(query.text(0)), std::string(query.text(1)), std::string(query.text(2))});
    }
  }
  for (const PlainHit& hit : hits) {
    if (is_keyed(form_of(hit.address))) {
      ICM_TRY(Query query, book.query("DELETE FROM hit WHERE address = ?1"));
      ICM_CHECK(query.bind(1, hit.address).run());
      continue;
    }
    const auto mailbox = Mailbox::parse(hit.address);
    const bool is_relay = mailbox && apple.is_private_relay(mailbox->domain());
    const std::string address = forms.stored(hit.address);
    const std::string reply = without_addresses(forms, hit.reply);
    ICM_TRY(Query query, book.query("UPDATE OR REPLACE hit SET address = ?1, reply = ?2, relay = ?3"
                                    " WHERE address = ?4 AND cause = ?5"));
    query.bind(1, address).bind(2, reply).bind(3, std::int64_t{is_relay});
    ICM_CHECK(query.bind(4, hit.address).bind(5, hit.cause).run());
  }
  return {};
}

std::string lines_without_addresses(const AddressForms& forms, std::string_view text) {
  std::vector<std::string> lines;
  for (const std::string_view line : split(text, '\n')) {
    lines.push_back(without_addresses(forms, line));
  }
  return fmt::format("{}", fmt::join(lines, "\n"));
}

// `select` gives the texts, `update` puts ?1 in the place of ?2.
Status clean_texts(ReplyBook& book, const AddressForms& forms, std::string_view select,
                   std::string_view update) {
  std::vector<std::string> texts;
  {
    ICM_TRY(Query query, book.query(select));
    for (;;) {
      ICM_TRY(const bool is_row, query.step());
      if (!is_row) break;
      texts.emplace_back(query.text(0));
    }
  }
  for (const std::string& text : texts) {
    const std::string clean = lines_without_addresses(forms, text);
    ICM_TRY(Query query, book.query(update));
    ICM_CHECK(query.bind(1, clean).bind(2, text).run());
  }
  return {};
}

}  // namespace

Status hash_book(ReplyBook& book, const AddressForms& forms, const AppleDomains& apple) {
  if (!forms.is_keyed()) return {};
  const std::string key = forms.check_value();
  ICM_TRY(const auto known, book.position(key_place));
  if (known == key) return {};
  ICM_CHECK(hash_hits(book, forms, apple));
  ICM_CHECK(clean_texts(book, forms, "SELECT DISTINCT reply FROM sample",
                        "UPDATE sample SET reply = ?1 WHERE reply = ?2"));
  ICM_CHECK(clean_texts(book, forms, "SELECT DISTINCT replies FROM alert",
                        "UPDATE alert SET replies = ?1 WHERE replies = ?2"));
  ICM_CHECK(clean_texts(book, forms, "SELECT DISTINCT reply FROM way",
                        "UPDATE way SET reply = ?1 WHERE reply = ?2"));
  ICM_TRY(Query query, book.query("DELETE FROM refusal"));  // whose recipients are hashes, too
  ICM_CHECK(query.run());
  return book.set_position(key_place, key);
}

}  // namespace icm
