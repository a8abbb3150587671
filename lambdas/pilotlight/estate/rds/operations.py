"""What RDS may answer to operations that several kinds call, as botocore's model lists it."""

from __future__ import annotations

MODIFYING_ERRORS = (
    "AuthorizationNotFound",
    "BackupPolicyNotFoundFault",
    "CertificateNotFound",
    "DBCapacityReservationNotFound",
    "DBInstanceAlreadyExists",
    "DBInstanceNotFound",
    "DBParameterGroupNotFound",
    "DBSecurityGroupNotFound",
    "DBUpgradeDependencyFailure",
    "DomainNotFoundFault",
    "InsufficientDBInstanceCapacity",
    "InvalidDBCapacityReservationState",
    "InvalidDBClusterStateFault",
    "InvalidDBInstanceState",
    "InvalidDBSecurityGroupState",
    "InvalidVPCNetworkStateFault",
    "KMSKeyNotAccessibleFault",
    "NetworkTypeNotSupported",
    "OptionGroupNotFoundFault",
    "ProvisionedIopsNotAvailableInAZFault",
    "StorageQuotaExceeded",
    "StorageTypeNotSupported",
    "TenantDatabaseQuotaExceeded",
    "VpcEncryptionControlViolationException",
)
"""Those of ModifyDBInstance."""
