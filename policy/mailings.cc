// SPDX-License-Identifier: Apache-2.0
#include "policy/mailings.h"

#include <algorithm>
#include <bit>
#include <iterator>
#include <limits>

#include "policy/base/text.h"
#include "policy/mailing_words.h"

namespace icm {
namespace {

// The two least of the hashes of three words in a row.
class Sketch {
 public:
  void add(std::uint64_t word) {
    const std::uint64_t triple = std::rotl(first_, 42) + std::rotl(second_, 21) + word;
    first_ = second_;
    second_ = word;
    if (triple == least_ || triple >= next_) return;
    next_ = std::max(triple, least_);
    least_ = std::min(triple, least_);
  }

  std::string octets() const { return fmt::format("{:016x}{:016x}", least_, next_); }

 private:
  std::uint64_t first_ = 0;
  std::uint64_t second_ = 0;
  std::uint64_t least_ = std::numeric_limits<std::uint64_t>::max();
  std::uint64_t next_ = std::numeric_limits<std::uint64_t>::max();
};

}  // namespace

std::uint64_t Mailings::template_of(const Address& author, std::string_view subject,
                                    std::string_view opening) const {
  Sketch sketch;
  for_each_shared_word(subject.substr(0, opening_octets), opening,
                       [&](std::string_view word) { sketch.add(hash_(word)); });
  return hash_(sketch.octets() + lower_ascii(author.text()));
}

Mailings::Template& Mailings::Memory::use(std::uint64_t number) {
  const auto known = by_number.find(number);
  if (known != by_number.end()) {
    templates.splice(templates.begin(), templates, known->second);
  } else {
    templates.push_front({.number = number, .seen = {}});
    by_number.emplace(number, templates.begin());
  }
  return templates.front();
}

void Mailings::Memory::forget_the_oldest() {
  recipients -= templates.back().seen.size();
  by_number.erase(templates.back().number);
  templates.pop_back();
}

int Mailings::note(std::uint64_t mail_template, const std::vector<Recipient>& recipients,
                   WallTime now, const MailingsConfig& config) {
  const auto enough = static_cast<std::size_t>(config.recipients);
  std::vector<std::uint64_t> numbers;
  for (const Recipient& recipient : recipients) {
    if (numbers.size() == enough) break;
    if (recipient.is_apple && recipient.mailbox) {
      numbers.push_back(hash_(recipient.mailbox->key()));
    }
  }
  return memory_.with([&](Memory& memory) {
    std::vector<Seen>& seen = memory.use(mail_template).seen;
    // Nothing below needs memory, so that the sum of all recipients stays true.
    seen.reserve(std::bit_ceil(std::min(enough, seen.size() + numbers.size())));
    memory.recipients -= seen.size();
    std::erase_if(seen, [&](const Seen& one) { return one.when <= now - config.window; });
    for (const std::uint64_t number : numbers) {
      auto place = std::ranges::find(seen, number, &Seen::recipient);
      if (place == seen.end() && seen.size() >= enough) {
        place = std::ranges::min_element(seen, {}, &Seen::when);
      }
      if (place == seen.end()) place = seen.insert(seen.end(), Seen{});
      *place = {.recipient = number, .when = now};
    }
    memory.recipients += seen.size();
    const std::size_t count = std::min(seen.size(), enough);
    // The template just used stands first and is never among those that go.
    while (memory.templates.size() > 1 &&
           (memory.templates.size() > most_templates || memory.recipients > most_recipients)) {
      memory.forget_the_oldest();
    }
    return static_cast<int>(count);
  });
}

}  // namespace icm
