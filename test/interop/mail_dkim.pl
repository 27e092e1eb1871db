#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
#
# Mail::DKIM as an oracle: one JSON object per line in, one out.
#   {"sign": {"method": "relaxed/simple", "headers": "From:Subject", "key": FILE}, "message": BASE64}
#     -> {"field": "DKIM-Signature: ..."}
#   {"seal": {"cv": "none", "authserv_id": NAME, "domain": D, "selector": S, "headers": "From:To",
#    "key": FILE}, "message": BASE64} -> {"result": "sealed", "fields": [AS, AMS, AAR]}
#   {"chain": {"NAME": ["TXT", ...]}, "message": BASE64} -> {"result": "pass", "reason": TEXT}
#   {"verify": {"NAME": ["TXT", ...]}, "message": BASE64} -> {"results": ["pass", "fail", ...]}
use strict;
use warnings;
use JSON::PP;
use MIME::Base64;
use Mail::DKIM::ARC::Signer;
use Mail::DKIM::ARC::Verifier;
use Mail::DKIM::PrivateKey;
use Mail::DKIM::Signer;
use Mail::DKIM::Verifier;

# The records of the case at hand instead of the DNS.
package Zone;
use Net::DNS;
our %records;
sub new { return bless {}, shift }

sub send {
    my ( $self, $name, $type ) = @_;
    my $packet = Net::DNS::Packet->new( $name, $type );
    $packet->header->qr(1);
    my $texts = $type eq 'TXT' ? $records{ lc $name } : undef;
    $packet->header->rcode('NXDOMAIN') if !$texts;
    for my $text ( @{ $texts || [] } ) {
        my @chunks = unpack '(a255)*', $text;
        $packet->push( answer => Net::DNS::RR->new( name => $name, type => 'TXT', ttl => 60, txtdata => \@chunks ) );
    }
    return $packet;
}

package main;
Mail::DKIM::DNS::resolver( Zone->new );
$| = 1;
my $json = JSON::PP->new->canonical;
while ( my $line = <STDIN> ) {
    my $case    = $json->decode($line);
    my $message = decode_base64( $case->{message} );
    if ( my $sign = $case->{sign} ) {
        my $signer = Mail::DKIM::Signer->new(
            Algorithm => 'rsa-sha256',
            Method    => $sign->{method},
            Domain    => 'example.com',
            Selector  => 'rsa',
            Headers   => $sign->{headers},
            Key       => Mail::DKIM::PrivateKey->load( File => $sign->{key} ),
        );
        $signer->PRINT($message);
        $signer->CLOSE;
        print $json->encode( { field => $signer->signature->as_string } ), "\n";
        next;
    }
    if ( my $seal = $case->{seal} ) {
        my $signer = Mail::DKIM::ARC::Signer->new(
            Algorithm => 'rsa-sha256',
            Chain     => $seal->{cv},
            Domain    => $seal->{domain},
            SrvId     => $seal->{authserv_id},
            Timestamp => time(),
            Selector  => $seal->{selector},
            Headers   => $seal->{headers},
            Key       => Mail::DKIM::PrivateKey->load( File => $seal->{key} ),
        );
        $signer->PRINT($message);
        $signer->CLOSE;
        my $sealed = $signer->result eq 'sealed';
        print $json->encode(
            {   result => $signer->result,
                fields => $sealed ? [ $signer->{_AS}, $signer->{_AMS}, $signer->{_AAR} ] : []
            }
            ),
            "\n";
        next;
    }
    my $records = $case->{verify} || $case->{chain};
    %Zone::records = map { lc $_ => $records->{$_} } keys %$records;
    if ( $case->{chain} ) {
        my $verifier = Mail::DKIM::ARC::Verifier->new;
        $verifier->PRINT($message);
        $verifier->CLOSE;
        print $json->encode( { result => $verifier->result, reason => $verifier->result_detail } ), "\n";
        next;
    }
    my $verifier = Mail::DKIM::Verifier->new;
    $verifier->PRINT($message);
    $verifier->CLOSE;
    print $json->encode( { results => [ map { $_->result } $verifier->signatures ] } ), "\n";
}
