// SPDX-License-Identifier: Apache-2.0
#include "policy/auth/signature.h"

#include <algorithm>
#include <utility>

#include "policy/base/text.h"

namespace icm {
namespace {

tl::unexpected<Error> wrong(std::string_view tag, std::string_view problem) {
  return fail(Code::syntax, fmt::format("{}= {}", tag, problem));
}

Status require(const TagList& list, std::initializer_list<std::string_view> names) {
  for (const std::string_view name : names) {
    if (list.find(name) == nullptr) return wrong(name, "is missing");
  }
  return {};
}

std::optional<Canonicalization> form_of(std::string_view name) {
  if (name == "simple") return Canonicalization::simple;
  if (name == "relaxed") return Canonicalization::relaxed;
  return std::nullopt;
}

// RFC 6376 §3.5 "c=": one word speaks of the header, the body is simple then.
Status read_forms(const TagList& list, SignatureTags& tags) {
  const std::string_view value = list.value("c", "simple/simple");
  const auto slash = value.find('/');
  const auto header = form_of(value.substr(0, slash));
  const auto body =
      slash == std::string_view::npos ? Canonicalization::simple : form_of(value.substr(slash + 1));
  if (!header || !body)
    return wrong("c", fmt::format("expected simple or relaxed, got \"{}\"", for_log(value, 40)));
  tags.header_form = *header;
  tags.body_form = *body;
  return {};
}

Status read_names(const TagList& list, SignatureTags& tags) {
  const auto domain = Domain::parse(list.value("d"));
  if (!domain) return wrong("d", "is no domain name");
  const auto selector = Domain::parse(list.value("s"));
  if (!selector) return wrong("s", "is no selector");
  tags.domain = domain->text();
  tags.selector = selector->text();
  return {};
}

// RFC 6376 §3.5 "i=": at or below d=.
Status read_identity(const TagList& list, SignatureTags& tags) {
  tags.identity = std::string(list.value("i", "@" + tags.domain));
  const auto at = tags.identity.rfind('@');
  const auto domain = at == std::string::npos
                          ? Result<Domain>(fail(Code::syntax, ""))
                          : Domain::parse(std::string_view(tags.identity).substr(at + 1));
  const auto signing = Domain::parse(tags.domain);
  if (!domain || !signing || !domain->is_within(*signing))
    return wrong("i", "is not at or below d=");
  return {};
}

Status read_fields(const TagList& list, SignatureKind kind, SignatureTags& tags) {
  for (std::string& name : colon_list(list.value("h"))) {
    if (name.empty()) return wrong("h", "names an empty field");
    tags.fields.push_back(lower_ascii(name));
  }
  if (tags.fields.size() > max_signed_fields) return wrong("h", "names more than 500 fields");
  const auto names = [&](std::string_view field) {
    return std::ranges::find(tags.fields, field) != tags.fields.end();
  };
  // RFC 6376 §5.4: From MUST be signed.
  if (kind == SignatureKind::dkim && !names("from")) return wrong("h", "does not name From");
  // RFC 8617 §4.1.2: ARC-Seal MUST NOT be included.
  if (kind == SignatureKind::arc_message && names("arc-seal")) return wrong("h", "names ARC-Seal");
  return {};
}

Status read_number(const TagList& list, std::string_view name, std::optional<std::uint64_t>& to) {
  const Tag* const tag = list.find(name);
  if (tag == nullptr) return {};
  to = parse_number(tag->value);
  if (!to) return wrong(name, "is no number");
  return {};
}

Status read_numbers(const TagList& list, SignatureTags& tags) {
  ICM_CHECK(read_number(list, "l", tags.body_length));
  ICM_CHECK(read_number(list, "t", tags.signed_at));
  ICM_CHECK(read_number(list, "x", tags.expires_at));
  // RFC 6376 §3.5 "x=": "MUST be greater than the value of the t= tag if both are present".
  if (tags.signed_at && tags.expires_at && *tags.expires_at <= *tags.signed_at) {
    return wrong("x", "is not later than t=");
  }
  return {};
}

// What differs between the kinds: v= and i=.
Status read_kind(const TagList& list, SignatureKind kind, SignatureTags& tags) {
  if (kind == SignatureKind::dkim) {
    ICM_CHECK(require(list, {"v"}));
    if (list.value("v") != "1")
      return wrong("v", fmt::format("expected 1, got \"{}\"", for_log(list.value("v"), 20)));
    return read_identity(list, tags);
  }
  // RFC 8617 §4.1.2: no v= is defined for ARC; like every unknown tag it is ignored.
  ICM_TRY(tags.instance, parse_arc_instance(list.value("i")));
  return {};
}

void append_signed_fields(std::string& text, const HeaderList& headers, const SignatureTags& tags,
                          std::optional<std::size_t> own) {
  // Each name's instances are used from the bottom up; names past the last one add nothing.
  std::vector<std::size_t> next(tags.fields.size());
  for (std::size_t i = 0; i < tags.fields.size(); ++i) {
    const auto earlier = std::find(
        tags.fields.begin(), tags.fields.begin() + static_cast<std::ptrdiff_t>(i), tags.fields[i]);
    const auto slot = static_cast<std::size_t>(earlier - tags.fields.begin());
    if (slot == i) next[slot] = headers.size();
    while (next[slot] > 0) {
      const std::size_t at = --next[slot];
      if (at != own && equal_ascii(headers[at].name, tags.fields[i])) {
        append_canonical_header(text, headers[at], tags.header_form);
        break;
      }
    }
  }
}

Sha256Digest hash_with_own(std::string text, const SignatureTags& tags, const HeaderField& own) {
  const std::string value = without_signature(own.value);
  append_canonical_header(text, {own.name, value}, tags.header_form);
  text.resize(text.size() - 2);  // §3.7: without the trailing CRLF
  return sha256(text);
}

}  // namespace

std::optional<std::string> signature_octets(std::string_view value) {
  std::string text = without_blanks(value);
  while (text.size() % 4 != 0) text += '=';
  auto octets = from_base64(text);
  return octets && !octets->empty() ? std::move(octets) : std::nullopt;
}

std::string_view to_string(SignatureAlgorithm algorithm) {
  switch (algorithm) {
    case SignatureAlgorithm::rsa_sha256:
      return "rsa-sha256";
    case SignatureAlgorithm::ed25519_sha256:
      return "ed25519-sha256";
  }
  return "invalid";
}

Result<SignatureAlgorithm> parse_signature_algorithm(std::string_view name) {
  for (const auto algorithm :
       {SignatureAlgorithm::rsa_sha256, SignatureAlgorithm::ed25519_sha256}) {
    if (name == to_string(algorithm)) return algorithm;
  }
  if (name == "rsa-sha1")
    return wrong("a", "rsa-sha1 must not be used any more (RFC 8301 section 3.1)");
  return wrong("a",
               fmt::format("expected rsa-sha256 or ed25519-sha256, got \"{}\"", for_log(name, 40)));
}

KeyType key_type(SignatureAlgorithm algorithm) {
  switch (algorithm) {
    case SignatureAlgorithm::rsa_sha256:
      return KeyType::rsa;
    case SignatureAlgorithm::ed25519_sha256:
      return KeyType::ed25519;
  }
  return KeyType::rsa;
}

Result<int> parse_arc_instance(std::string_view text) {
  const auto number = text.size() <= 2 ? parse_number(text) : std::nullopt;
  if (!number || *number < 1 || *number > max_arc_instances)
    return wrong("i", fmt::format("expected an instance from 1 to {}", max_arc_instances));
  return static_cast<int>(*number);
}

Result<SignatureTags> parse_signature(std::string_view field_value, SignatureKind kind) {
  ICM_TRY(const TagList list, TagList::parse(field_value));
  SignatureTags tags;
  ICM_CHECK(require(list, {"a", "b", "bh", "d", "h", "s"}));
  ICM_CHECK(read_names(list, tags));
  ICM_CHECK(read_kind(list, kind, tags));
  ICM_TRY(tags.algorithm, parse_signature_algorithm(list.value("a")));
  ICM_CHECK(read_forms(list, tags));
  ICM_CHECK(read_fields(list, kind, tags));
  ICM_CHECK(read_numbers(list, tags));
  const std::vector<std::string> methods = colon_list(list.value("q", "dns/txt"));
  if (std::ranges::find(methods, "dns/txt") == methods.end())
    return wrong("q", "does not name dns/txt");
  const auto body_hash = from_base64(without_blanks(list.value("bh")));
  if (!body_hash || body_hash->empty()) return wrong("bh", "is no base64");
  tags.body_hash = *body_hash;
  const auto signature = signature_octets(list.value("b"));
  if (!signature) return wrong("b", "is no base64");
  tags.signature = *signature;
  return tags;
}

std::string without_signature(std::string_view field_value) {
  const auto list = TagList::parse(field_value);
  const Tag* const tag = list ? list->find("b") : nullptr;
  std::string value(field_value);
  if (tag != nullptr) value.erase(tag->value_begin, tag->value_end - tag->value_begin);
  return value;
}

Sha256Digest hash_header(const HeaderList& headers, const SignatureTags& tags, std::size_t own) {
  std::string text;
  append_signed_fields(text, headers, tags, own);
  return hash_with_own(std::move(text), tags, headers[own]);
}

Sha256Digest hash_header(const HeaderList& headers, const SignatureTags& tags,
                         const HeaderField& own) {
  std::string text;
  append_signed_fields(text, headers, tags, std::nullopt);
  return hash_with_own(std::move(text), tags, own);
}

struct BodyHashes::Hash {
  Form* form = nullptr;
  std::optional<std::uint64_t> limit;
  std::uint64_t taken = 0;
  Sha256 hash;
  Sha256Digest digest{};

  void take(std::string_view octets) {
    const std::uint64_t room = limit ? *limit - taken : octets.size();
    octets = octets.substr(0, std::min<std::uint64_t>(room, octets.size()));
    taken += octets.size();
    hash.update(octets);
  }
};

struct BodyHashes::Form {
  explicit Form(Canonicalization canonicalization)
      : form(canonicalization), canonicalizer(canonicalization, [this](std::string_view octets) {
          size += octets.size();
          for (Hash* const hash : hashes) hash->take(octets);
        }) {}
  Canonicalization form;
  BodyCanonicalizer canonicalizer;
  std::vector<Hash*> hashes;
  std::uint64_t size = 0;
};

BodyHashes::BodyHashes() = default;
BodyHashes::~BodyHashes() = default;
BodyHashes::BodyHashes(BodyHashes&&) noexcept = default;

std::size_t BodyHashes::want(Canonicalization form, std::optional<std::uint64_t> length) {
  for (std::size_t i = 0; i < hashes_.size(); ++i) {
    if (hashes_[i]->form->form == form && hashes_[i]->limit == length) return i;
  }
  auto known = std::ranges::find_if(forms_, [&](const auto& each) { return each->form == form; });
  if (known == forms_.end()) known = forms_.insert(forms_.end(), std::make_unique<Form>(form));
  auto hash = std::make_unique<Hash>();
  hash->form = known->get();
  hash->limit = length;
  (*known)->hashes.push_back(hash.get());
  hashes_.push_back(std::move(hash));
  return hashes_.size() - 1;
}

bool BodyHashes::empty() const { return hashes_.empty(); }

void BodyHashes::feed(std::string_view chunk) {
  for (const auto& form : forms_) form->canonicalizer.feed(chunk);
}

void BodyHashes::finish() {
  for (const auto& form : forms_) form->canonicalizer.finish();
  for (const auto& hash : hashes_) hash->digest = hash->hash.finish();
}

const Sha256Digest& BodyHashes::digest(std::size_t ticket) const { return hashes_[ticket]->digest; }

std::uint64_t BodyHashes::canonical_size(std::size_t ticket) const {
  return hashes_[ticket]->form->size;
}

}  // namespace icm
