"""The page's host: a private bucket, CloudFront in front of it, and strict security headers."""

from __future__ import annotations

from aws_cdk import Duration, RemovalPolicy
from aws_cdk import aws_certificatemanager as acm
from aws_cdk import aws_cloudfront as cloudfront
from aws_cdk import aws_cloudfront_origins as origins
from aws_cdk import aws_s3 as s3
from constructs import Construct

from ..compliance import accept
from ..options import PageOptions

HASHED = "assets/*"
"""The files whose names contain the hash of their content."""

_HSTS_AGE = Duration.days(730)
# CloudFront serves index.html for paths without a dot in their last part: the page's own routes. A missing
# file stays a 404.
_ROUTES_TO_THE_PAGE = """\
function handler(event) {
  var request = event.request;
  if (request.uri.slice(request.uri.lastIndexOf('/') + 1).indexOf('.') < 0) {
    request.uri = '/index.html';
  }
  return request;
}
"""


class PageSite(Construct):
    """`files` is the bucket of the page's files, `host` the domain that serves them."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        name: str,
        options: PageOptions,
        content_security_policy: str,
        removal_policy: RemovalPolicy,
    ) -> None:
        super().__init__(scope, construct_id)
        self._comment = f"Statusbeam {name}"
        self._removal_policy = removal_policy
        self._logs = self._log_bucket()
        self.files = self._bucket()
        self._origin = origins.S3BucketOrigin.with_origin_access_control(
            self.files,
            # With this permission S3 answers 404 for a missing file, instead of 403.
            origin_access_levels=[cloudfront.AccessLevel.READ, cloudfront.AccessLevel.LIST],
        )
        distribution = self._distribution(options, self._headers(content_security_policy))
        self.host = options.domain or distribution.distribution_domain_name

    def _log_bucket(self) -> s3.Bucket:
        bucket = s3.Bucket(
            self,
            "Logs",
            # CloudFront's log delivery needs ACLs.
            object_ownership=s3.ObjectOwnership.BUCKET_OWNER_PREFERRED,
            block_public_access=s3.BlockPublicAccess.BLOCK_ALL,
            encryption=s3.BucketEncryption.S3_MANAGED,
            enforce_ssl=True,
            lifecycle_rules=[s3.LifecycleRule(expiration=Duration.days(90))],
            removal_policy=self._removal_policy,
        )
        accept(bucket, rule="AwsSolutions-S1", reason="This bucket holds the access logs.")
        return bucket

    def _bucket(self) -> s3.Bucket:
        return s3.Bucket(
            self,
            "Files",
            block_public_access=s3.BlockPublicAccess.BLOCK_ALL,
            encryption=s3.BucketEncryption.S3_MANAGED,
            enforce_ssl=True,
            versioned=True,
            lifecycle_rules=[s3.LifecycleRule(noncurrent_version_expiration=Duration.days(30))],
            server_access_logs_bucket=self._logs,
            server_access_logs_prefix="files/",
            removal_policy=self._removal_policy,
        )

    def _distribution(
        self, options: PageOptions, headers: cloudfront.ResponseHeadersPolicy
    ) -> cloudfront.Distribution:
        distribution = cloudfront.Distribution(
            self,
            "Distribution",
            comment=self._comment,
            default_root_object="index.html",
            default_behavior=self._index_behavior(headers),
            additional_behaviors={HASHED: self._assets_behavior(headers)},
            domain_names=[options.domain] if options.domain else None,
            certificate=self._certificate(options.certificate_arn),
            minimum_protocol_version=cloudfront.SecurityPolicyProtocol.TLS_V1_2_2021
            if options.domain
            else None,
            http_version=cloudfront.HttpVersion.HTTP2_AND_3,
            price_class=cloudfront.PriceClass.PRICE_CLASS_ALL
            if options.all_edge_locations
            else cloudfront.PriceClass.PRICE_CLASS_100,
            web_acl_id=options.web_acl_arn,
            enable_logging=True,
            log_bucket=self._logs,
            log_file_prefix="cloudfront/",
        )
        self._accept(distribution, options)
        return distribution

    def _index_behavior(self, headers: cloudfront.ResponseHeadersPolicy) -> cloudfront.BehaviorOptions:
        routes = cloudfront.Function(
            self,
            "Routes",
            code=cloudfront.FunctionCode.from_inline(_ROUTES_TO_THE_PAGE),
            runtime=cloudfront.FunctionRuntime.JS_2_0,
        )
        return cloudfront.BehaviorOptions(
            origin=self._origin,
            # index.html and config.json name the live version, so neither browsers nor CloudFront cache them.
            cache_policy=cloudfront.CachePolicy.CACHING_DISABLED,
            response_headers_policy=headers,
            viewer_protocol_policy=cloudfront.ViewerProtocolPolicy.REDIRECT_TO_HTTPS,
            function_associations=[
                cloudfront.FunctionAssociation(
                    function=routes, event_type=cloudfront.FunctionEventType.VIEWER_REQUEST
                )
            ],
        )

    def _assets_behavior(self, headers: cloudfront.ResponseHeadersPolicy) -> cloudfront.BehaviorOptions:
        return cloudfront.BehaviorOptions(
            origin=self._origin,
            cache_policy=cloudfront.CachePolicy.CACHING_OPTIMIZED,
            response_headers_policy=headers,
            viewer_protocol_policy=cloudfront.ViewerProtocolPolicy.REDIRECT_TO_HTTPS,
        )

    def _certificate(self, arn: str | None) -> acm.ICertificate | None:
        return acm.Certificate.from_certificate_arn(self, "Certificate", arn) if arn else None

    def _headers(self, content_security_policy: str) -> cloudfront.ResponseHeadersPolicy:
        return cloudfront.ResponseHeadersPolicy(
            self,
            "Headers",
            comment=self._comment,
            security_headers_behavior=cloudfront.ResponseSecurityHeadersBehavior(
                content_security_policy=cloudfront.ResponseHeadersContentSecurityPolicy(
                    content_security_policy=content_security_policy, override=True
                ),
                content_type_options=cloudfront.ResponseHeadersContentTypeOptions(override=True),
                frame_options=cloudfront.ResponseHeadersFrameOptions(
                    frame_option=cloudfront.HeadersFrameOption.DENY, override=True
                ),
                referrer_policy=cloudfront.ResponseHeadersReferrerPolicy(
                    referrer_policy=cloudfront.HeadersReferrerPolicy.NO_REFERRER, override=True
                ),
                strict_transport_security=cloudfront.ResponseHeadersStrictTransportSecurity(
                    access_control_max_age=_HSTS_AGE, include_subdomains=True, override=True
                ),
            ),
            custom_headers_behavior=cloudfront.ResponseCustomHeadersBehavior(
                custom_headers=[
                    cloudfront.ResponseCustomHeader(header=name, value=value, override=True)
                    for name, value in (
                        ("Cross-Origin-Opener-Policy", "same-origin"),
                        ("Permissions-Policy", "camera=(), geolocation=(), microphone=(), payment=()"),
                    )
                ]
            ),
        )

    def _accept(self, distribution: cloudfront.Distribution, options: PageOptions) -> None:
        accept(
            distribution,
            rule="AwsSolutions-CFR1",
            reason="The page is for users that may sign in, anywhere.",
        )
        accept(
            distribution,
            rule="Annotation::@aws-cdk/aws-cloudfront-origins:listBucketSecurityRisk",
            reason="There is a default root object, and no behavior hands a query to S3.",
        )
        if options.web_acl_arn is None:
            reason = "Static files without an origin that computes; the firewall stands before the API."
            accept(distribution, rule="AwsSolutions-CFR2", reason=reason)
        if options.domain is None:
            reason = "CloudFront's own name has CloudFront's certificate and TLS versions; set `domain`."
            accept(distribution, rule="AwsSolutions-CFR4", reason=reason)
